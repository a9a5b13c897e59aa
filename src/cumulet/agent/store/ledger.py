"""The ledger: every disk, volume and cached image on the host, who owns it and what made it.

An object is `making` until its file is whole, then `there`, at the end `quarantined`. An owner has at most one object of a
kind that is not quarantined. What is held stays in quarantine until an operator decides. `base` is the object whose file this
one's reads from: that one stays as long as this row does (K7).
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.sqlite import insert

from cumulet.kernel.clock import Clock
from cumulet.kernel.db import Query, Sqlite

from .tables import holds, objects

State = Literal["making", "there", "quarantined"]


class Object(Struct, frozen=True):
    """One row. `path` is relative to the agent's state folder; `since` is when it came to its state, or an image was last used."""

    id: str
    owner: str
    kind: str
    path: str
    format: str
    state: State
    created_by: str
    base: str | None
    since: float


_ALL = sa.select(*(objects.c[name] for name in Object.__struct_fields__))
_id: sa.BindParameter[str] = sa.bindparam("b_id")
_in_place = objects.c.state != "quarantined"
_above = objects.alias("above")
_is_base = sa.exists(sa.select(_above.c.id).where(_above.c.base == objects.c.id))

_GET: Query[Object] = Query(_ALL.where(objects.c.id == _id), Object)
_FIND: Query[Object] = Query(
    _ALL.where(objects.c.owner == sa.bindparam("owner"), objects.c.kind == sa.bindparam("kind"), _in_place), Object
)
_AT: Query[Object] = Query(_ALL.where(objects.c.path == sa.bindparam("path"), _in_place), Object)
_OWNED: Query[Object] = Query(_ALL.where(objects.c.owner == sa.bindparam("owner"), _in_place).order_by(objects.c.kind), Object)
_OF_KIND: Query[Object] = Query(_ALL.where(objects.c.kind == sa.bindparam("kind"), _in_place).order_by(objects.c.since), Object)
_IN_PLACE: Query[Object] = Query(_ALL.where(objects.c.state == "there"), Object)
_QUARANTINED: Query[Object] = Query(_ALL.where(objects.c.state == "quarantined").order_by(objects.c.since, objects.c.id), Object)
_ADD: Query[Any] = Query(sa.insert(objects))
_PLACE: Query[Any] = Query(
    sa.update(objects).where(objects.c.id == _id).values({n: sa.bindparam(n) for n in ("state", "path", "base", "since")})
)
_TOUCH: Query[Any] = Query(sa.update(objects).where(objects.c.id == _id).values(since=sa.bindparam("since")))
_FORGET: Query[Any] = Query(sa.delete(objects).where(objects.c.id == _id, ~_is_base))
_HOLD: Query[Any] = Query(insert(holds).on_conflict_do_nothing())
_UNHOLD: Query[Any] = Query(sa.delete(holds).where(holds.c.object_id == _id))
_HELD: Query[tuple[str]] = Query(sa.select(holds.c.object_id))
_BASE: Query[Object] = Query(_ALL.where(objects.c.id == _id, _is_base), Object)


class Ledger:
    """Rows in the agent's database file."""

    def __init__(self, db: Sqlite) -> None:
        self._db = db

    @property
    def clock(self) -> Clock:
        """The clock that stamps the rows."""
        return self._db.clock

    async def _one(self, query: Query[Object], **values: str) -> Object | None:
        async with self._db.read() as read:
            return await read.one(query, **values)

    async def _all(self, query: Query[Object], **values: str) -> list[Object]:
        async with self._db.read() as read:
            return await read.all(query, **values)

    async def get(self, object_id: str) -> Object | None:
        """One object, wherever it is."""
        return await self._one(_GET, b_id=object_id)

    async def find(self, owner: str, kind: str) -> Object | None:
        """The owner's object of this kind that is not in quarantine."""
        return await self._one(_FIND, owner=owner, kind=kind)

    async def at(self, path: str) -> Object | None:
        """The object with this path, relative to the state folder."""
        return await self._one(_AT, path=path)

    async def owned(self, owner: str) -> list[Object]:
        """What the owner has that is not in quarantine."""
        return await self._all(_OWNED, owner=owner)

    async def of_kind(self, kind: str) -> list[Object]:
        """Every object of a kind that is not in quarantine, the longest unused first."""
        return await self._all(_OF_KIND, kind=kind)

    async def in_place(self) -> list[Object]:
        """Everything that should be whole and in its place."""
        return await self._all(_IN_PLACE)

    async def quarantined(self) -> list[Object]:
        """Everything in quarantine, oldest first."""
        return await self._all(_QUARANTINED)

    async def is_base(self, object_id: str) -> bool:
        """Whether another object, in quarantine or not, is based on this one."""
        return await self._one(_BASE, b_id=object_id) is not None

    async def add(self, made: Object) -> None:
        """A new row. Raises kernel.db.Duplicate if the owner has one of this kind in place."""
        async with self._db.tx() as tx:
            await tx.do(_ADD, **{name: getattr(made, name) for name in Object.__struct_fields__})

    async def place(self, made: Object) -> None:
        """Keep the object's state, path, base and time."""
        async with self._db.tx() as tx:
            await tx.do(_PLACE, b_id=made.id, state=made.state, path=made.path, base=made.base, since=made.since)

    async def touch(self, object_id: str) -> None:
        """It is used now."""
        async with self._db.tx() as tx:
            await tx.do(_TOUCH, b_id=object_id, since=tx.now)

    async def forget(self, object_id: str) -> bool:
        """Drop the row; False, and nothing happens, if another object is based on this one."""
        async with self._db.tx() as tx:
            return await tx.do(_FORGET, b_id=object_id) == 1

    async def hold(self, object_id: str) -> None:
        """Neither time nor want of space may remove it."""
        async with self._db.tx() as tx:
            await tx.do(_HOLD, object_id=object_id, since=tx.now)

    async def unhold(self, object_id: str) -> None:
        """An operator has decided."""
        async with self._db.tx() as tx:
            await tx.do(_UNHOLD, b_id=object_id)

    async def held(self) -> set[str]:
        """The objects that are held."""
        async with self._db.read() as read:
            return {object_id for (object_id,) in await read.all(_HELD)}
