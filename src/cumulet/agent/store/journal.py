"""The journal in SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from cumulet.kernel.clock import Clock, SystemClock
from cumulet.kernel.db import Query, Sqlite

from .tables import answers, counters, epochs, leases, tables

_ANSWER: Query[tuple[bytes]] = Query(sa.select(answers.c.reply).where(answers.c.key == sa.bindparam("key")))
_FINISH: Query[Any] = Query(insert(answers).on_conflict_do_nothing())
_PRUNE: Query[Any] = Query(sa.delete(answers).where(answers.c.given < sa.bindparam("before")))
_EPOCH: Query[tuple[int]] = Query(sa.select(epochs.c.epoch).where(epochs.c.resource == sa.bindparam("resource")))
_EPOCHS: Query[tuple[str, int]] = Query(sa.select(epochs.c.resource, epochs.c.epoch))
_new_epoch = insert(epochs)
_ADMIT: Query[Any] = Query(
    _new_epoch.on_conflict_do_update(
        index_elements=["resource"],
        set_={"epoch": sa.func.max(epochs.c.epoch, _new_epoch.excluded.epoch)},
    )
)
_COUNTER: Query[tuple[int]] = Query(sa.select(counters.c.value).where(counters.c.name == "instance"))
_new_counter = insert(counters).values(name="instance", value=sa.bindparam("value"))
_SET_COUNTER: Query[Any] = Query(
    _new_counter.on_conflict_do_update(index_elements=["name"], set_={"value": _new_counter.excluded.value})
)
_LEASE: Query[tuple[str]] = Query(sa.select(leases.c.until).where(leases.c.name == "host"))
_new_lease = insert(leases).values(name="host", until=sa.bindparam("until"))
_SET_LEASE: Query[Any] = Query(_new_lease.on_conflict_do_update(index_elements=["name"], set_={"until": _new_lease.excluded.until}))


class SqliteJournal:
    """A journal that survives a power loss. It owns the agent's database file, which the ledger shares as `db`."""

    def __init__(self, path: Path, clock: Clock | None = None, durable: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock or SystemClock()
        self.db = Sqlite(path, self._clock, durable)

    async def open(self) -> None:
        """Make the tables."""
        await self.db.create(tables)

    async def close(self) -> None:
        """Close the file."""
        await self.db.close()

    async def answer(self, key: str) -> bytes | None:
        """The answer given to this key."""
        async with self.db.read() as read:
            found = await read.one(_ANSWER, key=key)
        return bytes(found[0]) if found else None

    async def finish(self, key: str, reply: bytes) -> None:
        """Remember the answer to this key."""
        async with self.db.tx() as tx:
            await tx.do(_FINISH, key=key, reply=reply, given=tx.now)

    async def admit(self, resource: str, epoch: int) -> int:
        """The highest epoch seen for this object; nothing is written unless it grows."""
        async with self.db.read() as read:
            found = await read.one(_EPOCH, resource=resource)
        seen = int(found[0]) if found else -1
        if seen >= epoch:
            return seen
        async with self.db.tx() as tx:
            await tx.do(_ADMIT, resource=resource, epoch=epoch)
        return epoch

    async def epochs(self) -> dict[str, int]:
        """The highest epoch seen, by object."""
        async with self.db.read() as read:
            return {resource: int(epoch) for resource, epoch in await read.all(_EPOCHS)}

    async def counter(self) -> int:
        """The highest instance counter seen."""
        async with self.db.read() as read:
            found = await read.one(_COUNTER)
        return int(found[0]) if found else 0

    async def set_counter(self, counter: int) -> None:
        """Remember it."""
        async with self.db.tx() as tx:
            await tx.do(_SET_COUNTER, value=counter)

    async def lease(self) -> str:
        """Until when the lease was, as it was told last."""
        async with self.db.read() as read:
            found = await read.one(_LEASE)
        return str(found[0]) if found else ""

    async def set_lease(self, until: str) -> None:
        """Remember it."""
        async with self.db.tx() as tx:
            await tx.do(_SET_LEASE, until=until)

    async def prune(self, keep: float) -> None:
        """Forget answers older than `keep` seconds."""
        async with self.db.tx() as tx:
            await tx.do(_PRUNE, before=tx.now - keep)
