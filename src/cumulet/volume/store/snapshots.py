"""Snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ...kernel.db import Condition, Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.query import among
from ...kernel.db.rows import delete, get, insert
from ..model import Snapshot
from .volumes import VOLUMES, item

SNAPSHOTS = sa.Table(
    "volume_snapshots",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("volume_id", sa.Text, sa.ForeignKey("volumes.id"), nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("size_gb", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("host_id", sa.Text, nullable=False),
    sa.Column("fault", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text),
    sa.Index("volume_snapshots_project", "project_id", "created_at"),
    sa.Index("volume_snapshots_volume", "volume_id"),
)
ITEMS = sa.Table(
    "volume_snapshot_items",
    metadata,
    sa.Column("snapshot_id", sa.Text, sa.ForeignKey("volume_snapshots.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
)
"""Metadata once more, to be searched."""

T, M, V = SNAPSHOTS.c, ITEMS.c, VOLUMES.c
_B = sa.bindparam

INSERT, GET, DELETE = insert(SNAPSHOTS), get(SNAPSHOTS, Snapshot), delete(SNAPSHOTS)
HOLD = Query(sa.select(SNAPSHOTS).where(T.id == _B("key")).with_for_update(), Snapshot)
OF_VOLUME = Query(sa.select(SNAPSHOTS).where(T.volume_id == _B("volume_id")).order_by(T.created_at.desc()), Snapshot)
ADD_ITEM, DROP_ITEMS = insert(ITEMS), delete(ITEMS, "snapshot_id")
SIZES = Query(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(T.size_gb), 0)).where(T.project_id == _B("project_id")))


def _having(op: str, name: str) -> sa.ColumnElement[Any]:
    return sa.exists().where(M.snapshot_id == T.id, M.item == _B(name))


def _in_zone(op: str, name: str) -> sa.ColumnElement[Any]:
    return sa.exists().where(V.id == T.volume_id, V.zone == _B(name))


ON_HOST = Query(sa.select(T.id).where(T.host_id == _B("host_id"), T.status == "available"))
KNOWN = Query(sa.select(T.id).where(among(T.id, "ids")))
LISTING = Listing(
    sa.select(SNAPSHOTS),
    Snapshot,
    key=T.id,
    sorts={
        "created_at": T.created_at,
        "updated_at": T.updated_at,
        "name": T.name,
        "status": T.status,
        "size": T.size_gb,
        "volume_id": T.volume_id,
        "id": T.id,
        "user_id": T.user_id,
    },
    filters={
        "id": T.id,
        "project_id": T.project_id,
        "name": T.name,
        "description": T.description,
        "status": T.status,
        "volume_id": T.volume_id,
        "user_id": T.user_id,
        "size": T.size_gb,
        "zone": _in_zone,
        "metadata": _having,
    },
    default=[("created_at", True)],
)


async def on_host(tx: Reader, host_id: str) -> list[str]:
    """The snapshots that a host has made."""
    return [snapshot_id for (snapshot_id,) in await tx.all(ON_HOST, host_id=host_id)]


async def known(tx: Reader, ids: Sequence[str]) -> set[str]:
    """Those of these that are snapshots."""
    return {snapshot_id for (snapshot_id,) in await tx.all(KNOWN, ids=list(ids))}


async def add(tx: Tx, snapshot: Snapshot) -> None:
    """Insert."""
    await tx.do(INSERT, **values(snapshot))
    await _note(tx, snapshot.id, snapshot.metadata)


async def _note(tx: Tx, snapshot_id: str, items: dict[str, str]) -> None:
    for key, value in items.items():
        await tx.do(ADD_ITEM, snapshot_id=snapshot_id, item=item(key, value))


async def find(tx: Reader, snapshot_id: str) -> Snapshot | None:
    """By id, whosever it is."""
    return await tx.one(GET, key=snapshot_id)


async def hold(tx: Tx, snapshot_id: str) -> Snapshot | None:
    """By id, whosever it is; until the transaction ends nobody else changes it."""
    return await tx.one(HOLD, key=snapshot_id)


async def of_volume(tx: Reader, volume_id: str) -> list[Snapshot]:
    """A volume's snapshots, the youngest first."""
    return await tx.all(OF_VOLUME, volume_id=volume_id)


_updates: dict[tuple[str, ...], Query[Any]] = {}


def _update(kind: str, names: Sequence[str]) -> Query[Any]:
    shape = (kind, *names)
    query = _updates.get(shape)
    if query is None:
        where = [T.id == _B("b_id")] + ([among(T.status, "b_from")] if kind == "move" else [])
        columns: dict[str, Any] = {name: _B(name, type_=T[name].type) for name in names}
        query = _updates[shape] = Query(sa.update(SNAPSHOTS).where(*where).values({**columns, "updated_at": _B("updated_at")}))
    return query


async def change(tx: Tx, snapshot_id: str, **changes: Any) -> bool:
    """Set columns, but the state; whether the snapshot was there."""
    done = await tx.do(_update("change", tuple(changes)), b_id=snapshot_id, updated_at=tx.stamp, **changes) == 1
    if done and "metadata" in changes:
        await tx.do(DROP_ITEMS, key=snapshot_id)
        await _note(tx, snapshot_id, changes["metadata"])
    return done


async def move(tx: Tx, snapshot_id: str, to: str, allowed: tuple[str, ...], **changes: Any) -> bool:
    """From one of the states `allowed` to `to`, and set columns; whether it was in one of them (T2)."""
    query = _update("move", ("status", *changes))
    return await tx.do(query, b_id=snapshot_id, b_from=list(allowed), status=to, updated_at=tx.stamp, **changes) == 1


async def page(tx: Reader, wanted: Page) -> list[Snapshot]:
    """A page of snapshots."""
    return await LISTING.page(tx, wanted)


async def count(tx: Reader, conditions: Sequence[Condition]) -> int:
    """How many snapshots meet the conditions."""
    return await LISTING.count(tx, conditions)


async def sizes(tx: Reader, project_id: str) -> tuple[int, int]:
    """How many snapshots a project has, and their GiB."""
    found = await tx.one(SIZES, project_id=project_id)
    return (int(found[0]), int(found[1])) if found else (0, 0)


async def remove(tx: Tx, snapshot_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=snapshot_id)
