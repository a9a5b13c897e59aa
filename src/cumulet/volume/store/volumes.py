"""Volumes. Changes name their columns: two at once do not undo each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ...kernel.db import Condition, Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.query import among
from ...kernel.db.rows import delete, get, insert
from ..model import Volume

VOLUMES = sa.Table(
    "volumes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("size_gb", sa.Integer, nullable=False),
    sa.Column("growing_to", sa.Integer),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("bootable", sa.Boolean, nullable=False),
    sa.Column("readonly", sa.Boolean),
    sa.Column("type_id", sa.Text, sa.ForeignKey("volume_types.id"), nullable=False),
    sa.Column("image_id", sa.Text),
    sa.Column("snapshot_id", sa.Text),
    sa.Column("source_id", sa.Text),
    sa.Column("image_metadata", Json),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("host_id", sa.Text),
    sa.Column("path", sa.Text),
    sa.Column("format", sa.Text),
    sa.Column("fault", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text),
    sa.Index("volumes_project", "project_id", "created_at"),
    sa.Index("volumes_type", "type_id"),
)
ITEMS = sa.Table(
    "volume_items",
    metadata,
    sa.Column("volume_id", sa.Text, sa.ForeignKey("volumes.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
)
"""Metadata (kind `metadata`) and what is known of the image (kind `image`) once more, to be searched: a row for each item."""

T, M = VOLUMES.c, ITEMS.c
_B = sa.bindparam

INSERT, GET, DELETE = insert(VOLUMES), get(VOLUMES, Volume), delete(VOLUMES)
HOLD = Query(sa.select(VOLUMES).where(T.id == _B("key")).with_for_update(), Volume)
ADD_ITEM, DROP_ITEMS = insert(ITEMS), Query(sa.delete(ITEMS).where(M.volume_id == _B("b_id"), M.kind == _B("b_kind")))
SIZES: Query[Any] = Query(
    sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.coalesce(T.growing_to, T.size_gb)), 0)).where(
        T.project_id == _B("project_id")
    )
)


def _having(kind: str) -> Any:
    def condition(op: str, name: str) -> sa.ColumnElement[Any]:
        same = sa.and_(M.volume_id == T.id, M.kind == kind, M.item == _B(name))
        return sa.exists().where(same)

    return condition


ON_HOST = Query(sa.select(T.id).where(T.host_id == _B("host_id"), T.path.is_not(None)))
KNOWN = Query(sa.select(T.id).where(among(T.id, "ids")))
LISTING = Listing(
    sa.select(VOLUMES),
    Volume,
    key=T.id,
    sorts={
        "created_at": T.created_at,
        "updated_at": T.updated_at,
        "name": T.name,
        "status": T.status,
        "size": T.size_gb,
        "id": T.id,
        "bootable": T.bootable,
        "availability_zone": T.zone,
        "user_id": T.user_id,
    },
    filters={
        "id": T.id,
        "project_id": T.project_id,
        "name": T.name,
        "description": T.description,
        "status": T.status,
        "size": T.size_gb,
        "zone": T.zone,
        "bootable": T.bootable,
        "user_id": T.user_id,
        "host_id": T.host_id,
        "type_id": T.type_id,
        "source_id": T.source_id,
        "snapshot_id": T.snapshot_id,
        "created_at": T.created_at,
        "updated_at": T.updated_at,
        "metadata": _having("metadata"),
        "image": _having("image"),
    },
    default=[("created_at", True)],
)


def item(key: str, value: Any) -> str:
    """A key and its value as `volume_items` has them, and as the filters `metadata` and `image` are asked for them."""
    return msgspec.json.encode((key, str(value))).decode()


async def add(tx: Tx, volume: Volume) -> None:
    """Insert."""
    await tx.do(INSERT, **values(volume))
    await _note(tx, volume.id, "metadata", volume.metadata)
    await _note(tx, volume.id, "image", volume.image_metadata)


async def _note(tx: Tx, volume_id: str, kind: str, items: dict[str, Any] | None) -> None:
    for key, value in (items or {}).items():
        await tx.do(ADD_ITEM, volume_id=volume_id, kind=kind, item=item(key, value))


async def find(tx: Reader, volume_id: str) -> Volume | None:
    """By id, whosever it is."""
    return await tx.one(GET, key=volume_id)


async def hold(tx: Tx, volume_id: str) -> Volume | None:
    """By id, whosever it is; until the transaction ends nobody else changes it."""
    return await tx.one(HOLD, key=volume_id)


_updates: dict[tuple[str, ...], Query[Any]] = {}


def _update(kind: str, names: Sequence[str]) -> Query[Any]:
    """The UPDATE of these columns, made once; kind `move` only from one of the states `b_from`."""
    shape = (kind, *names)
    query = _updates.get(shape)
    if query is None:
        where = [T.id == _B("b_id")] + ([among(T.status, "b_from")] if kind == "move" else [])
        columns: dict[str, Any] = {name: _B(name, type_=T[name].type) for name in names}
        query = _updates[shape] = Query(sa.update(VOLUMES).where(*where).values({**columns, "updated_at": _B("updated_at")}))
    return query


async def change(tx: Tx, volume_id: str, **changes: Any) -> bool:
    """Set columns, but the state; whether the volume was there."""
    done = await tx.do(_update("change", tuple(changes)), b_id=volume_id, updated_at=tx.stamp, **changes) == 1
    for name, kind in (("metadata", "metadata"), ("image_metadata", "image")):
        if done and name in changes:
            await tx.do(DROP_ITEMS, b_id=volume_id, b_kind=kind)
            await _note(tx, volume_id, kind, changes[name])
    return done


async def move(tx: Tx, volume_id: str, to: str, allowed: tuple[str, ...], **changes: Any) -> bool:
    """From one of the states `allowed` to `to`, and set columns; whether it was in one of them (T2)."""
    query = _update("move", ("status", *changes))
    return await tx.do(query, b_id=volume_id, b_from=list(allowed), status=to, updated_at=tx.stamp, **changes) == 1


async def page(tx: Reader, wanted: Page) -> list[Volume]:
    """A page of volumes."""
    return await LISTING.page(tx, wanted)


async def count(tx: Reader, conditions: Sequence[Condition]) -> int:
    """How many volumes meet the conditions."""
    return await LISTING.count(tx, conditions)


async def on_host(tx: Reader, host_id: str) -> list[str]:
    """The volumes that a host has made."""
    return [volume_id for (volume_id,) in await tx.all(ON_HOST, host_id=host_id)]


async def known(tx: Reader, ids: Sequence[str]) -> set[str]:
    """Those of these that are volumes."""
    return {volume_id for (volume_id,) in await tx.all(KNOWN, ids=list(ids))}


async def sizes(tx: Reader, project_id: str) -> tuple[int, int]:
    """How many volumes a project has, and their GiB: of those that grow the GiB to come."""
    found = await tx.one(SIZES, project_id=project_id)
    return (int(found[0]), int(found[1])) if found else (0, 0)


async def remove(tx: Tx, volume_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=volume_id)
