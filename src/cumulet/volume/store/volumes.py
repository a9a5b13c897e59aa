"""Volumes."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Condition, Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.query import among
from ...kernel.db.rows import delete, get, insert, update
from ..model import Usage, Volume

VOLUMES = sa.Table(
    "volumes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("size_gb", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("bootable", sa.Boolean, nullable=False),
    sa.Column("readonly", sa.Boolean, nullable=False),
    sa.Column("image_id", sa.Text),
    sa.Column("image_metadata", Json),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("host_id", sa.Text),
    sa.Column("path", sa.Text),
    sa.Column("format", sa.Text),
    sa.Column("fault", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text),
    sa.Index("volumes_project", "project_id", "created_at"),
)
T = VOLUMES.c

INSERT, UPDATE, GET, DELETE = insert(VOLUMES), update(VOLUMES), get(VOLUMES, Volume), delete(VOLUMES)
MOVE = Query(
    sa.update(VOLUMES)
    .where(T.id == sa.bindparam("b_id"), among(T.status, "b_from"))
    .values(status=sa.bindparam("b_to"), updated_at=sa.bindparam("b_now"))
)
USAGE = Query(
    sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(T.size_gb), 0)).where(T.project_id == sa.bindparam("project_id")), Usage
)
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
    },
    filters={
        "id": T.id,
        "project_id": T.project_id,
        "name": T.name,
        "status": T.status,
        "size": T.size_gb,
        "zone": T.zone,
        "bootable": T.bootable,
        "user_id": T.user_id,
        "host_id": T.host_id,
    },
    default=[("created_at", True)],
)


async def add(tx: Tx, volume: Volume) -> None:
    """Insert."""
    await tx.do(INSERT, **values(volume))


async def save(tx: Tx, volume: Volume) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=volume.id, **values(volume))


async def find(tx: Reader, volume_id: str) -> Volume | None:
    """By id, whosever it is."""
    return await tx.one(GET, key=volume_id)


async def move(tx: Tx, volume_id: str, to: str, allowed: tuple[str, ...]) -> bool:
    """From one of the states `allowed` to `to`; whether it was in one of them (T2)."""
    return await tx.do(MOVE, b_id=volume_id, b_to=to, b_from=list(allowed), b_now=tx.stamp) == 1


async def page(tx: Reader, wanted: Page) -> list[Volume]:
    """A page of volumes."""
    return await LISTING.page(tx, wanted)


async def count(tx: Reader, conditions: tuple[Condition, ...]) -> int:
    """How many volumes meet the conditions."""
    return await LISTING.count(tx, conditions)


async def usage(tx: Reader, project_id: str) -> Usage:
    """What a project uses now."""
    return await tx.one(USAGE, project_id=project_id) or Usage(0, 0)


async def remove(tx: Tx, volume_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=volume_id)
