"""The disks of servers, local ones and volumes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, get, insert
from ..model import Disk

DISKS = sa.Table(
    "server_disks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("server_id", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("image_id", sa.Text),
    sa.Column("size_mb", sa.Integer, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("bus", sa.Text),
    sa.Column("boot_index", sa.Integer),
    sa.Column("delete_on_termination", sa.Boolean, nullable=False),
    sa.Column("tag", sa.Text),
    sa.Column("volume_id", sa.Text),
    sa.Column("attachment_id", sa.Text),
    sa.Column("created_volume", sa.Boolean, nullable=False),
    sa.Column("path", sa.Text),
    sa.Column("format", sa.Text),
    sa.Column("attached_at", sa.Text),
    sa.Index("server_disks_device", "server_id", "device", unique=True),
)
T = DISKS.c
B = sa.bindparam
_there = T.volume_id.is_not(None)
sa.Index("server_disks_volume", T.server_id, T.volume_id, unique=True, sqlite_where=_there, postgresql_where=_there)

INSERT, GET, DELETE = insert(DISKS), get(DISKS, Disk), delete(DISKS)
OF_SERVER = Query(sa.select(DISKS).where(T.server_id == B("server_id")).order_by(T.device), Disk)
VOLUMES_OF = Query(sa.select(DISKS).where(among(T.server_id, "server_ids"), _there).order_by(T.device), Disk)
LOCAL_OF = Query(sa.select(DISKS).where(among(T.server_id, "server_ids"), T.path.is_not(None), T.volume_id.is_(None)), Disk)
OF_VOLUME = Query(sa.select(DISKS).where(T.server_id == B("server_id"), T.volume_id == B("volume_id")), Disk)
MADE = Query(sa.update(DISKS).where(T.id == B("b_id")).values(path=B("path"), format=B("format")))
ATTACHED = Query(sa.update(DISKS).where(T.id == B("b_id")).values(attached_at=B("at")))
RESERVED = Query(sa.update(DISKS).where(T.id == B("b_id")).values(attachment_id=B("attachment_id")))
KEEP = Query(sa.update(DISKS).where(T.id == B("b_id")).values(delete_on_termination=B("delete")))
FORGET = Query(sa.delete(DISKS).where(T.server_id == B("server_id")))


async def add(tx: Tx, disk: Disk) -> None:
    """Insert. Raises Duplicate if the device or the volume is the server's already."""
    await tx.do(INSERT, **values(disk))


async def find(tx: Reader, disk_id: str) -> Disk | None:
    """By id."""
    return await tx.one(GET, key=disk_id)


async def find_volume(tx: Reader, server_id: str, volume_id: str) -> Disk | None:
    """The disk that is this volume."""
    return await tx.one(OF_VOLUME, server_id=server_id, volume_id=volume_id)


async def of_server(tx: Reader, server_id: str) -> list[Disk]:
    """All disks, in the order of their devices."""
    return await tx.all(OF_SERVER, server_id=server_id)


async def volumes_of(tx: Reader, server_ids: Sequence[str]) -> dict[str, list[Disk]]:
    """The volumes of many servers, in one statement."""
    found: dict[str, list[Disk]] = {}
    for disk in await tx.all(VOLUMES_OF, server_ids=list(server_ids)):
        found.setdefault(disk.server_id, []).append(disk)
    return found


async def local_of(tx: Reader, server_ids: Sequence[str]) -> list[Disk]:
    """The disks of these servers that a host has made for them."""
    return await tx.all(LOCAL_OF, server_ids=list(server_ids))


async def made(tx: Tx, disk_id: str, path: str, form: str) -> None:
    """The agent has made it."""
    await tx.do(MADE, b_id=disk_id, path=path, format=form)


async def reserved(tx: Tx, disk_id: str, attachment_id: str) -> None:
    """The volume is kept for this server."""
    await tx.do(RESERVED, b_id=disk_id, attachment_id=attachment_id)


async def attached(tx: Tx, disk_id: str) -> None:
    """The guest has it, or will have it from its next start."""
    await tx.do(ATTACHED, b_id=disk_id, at=tx.stamp)


async def delete_with_server(tx: Tx, disk_id: str, delete_volume: bool) -> None:
    """Whether the volume goes when the server goes."""
    await tx.do(KEEP, b_id=disk_id, delete=delete_volume)


async def remove(tx: Tx, disk_id: str) -> None:
    """Forget one."""
    await tx.do(DELETE, key=disk_id)


async def remove_all(tx: Tx, server_id: str) -> None:
    """Forget all of a server's."""
    await tx.do(FORGET, server_id=server_id)
