"""Attachments: one a volume at most."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.query import among
from ...kernel.db.rows import delete, get, insert, update
from ..model import Attachment

ATTACHMENTS = sa.Table(
    "volume_attachments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("volume_id", sa.Text, sa.ForeignKey("volumes.id"), nullable=False, unique=True),
    sa.Column("server_id", sa.Text),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("device", sa.Text),
    sa.Column("host_id", sa.Text),
    sa.Column("outside", sa.Boolean, nullable=False),
    sa.Column("connector", Json),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("attached_at", sa.Text),
    sa.Index("volume_attachments_server", "server_id"),
    sa.Index("volume_attachments_project", "project_id"),
)
GENERATIONS = sa.Table(
    "volume_generations",
    metadata,
    sa.Column("volume_id", sa.Text, sa.ForeignKey("volumes.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
)
T, G = ATTACHMENTS.c, GENERATIONS.c

INSERT, UPDATE, GET, DELETE = insert(ATTACHMENTS), update(ATTACHMENTS), get(ATTACHMENTS, Attachment), delete(ATTACHMENTS)
HOLD = Query(sa.select(ATTACHMENTS).where(T.id == sa.bindparam("key")).with_for_update(), Attachment)
OF_VOLUMES = Query(sa.select(ATTACHMENTS).where(among(T.volume_id, "volume_ids")), Attachment)
OF_SERVERS = Query(
    sa.select(ATTACHMENTS).where(among(T.server_id, "server_ids"), T.outside.is_(False)).order_by(T.device, T.id), Attachment
)
FIRST_GENERATION = insert(GENERATIONS)
NEXT_GENERATION = Query(
    sa.update(GENERATIONS).where(G.volume_id == sa.bindparam("b_id")).values(generation=G.generation + 1).returning(G.generation)
)
LISTING = Listing(
    sa.select(ATTACHMENTS),
    Attachment,
    key=T.id,
    sorts={"id": T.id, "created_at": T.created_at, "status": T.status, "volume_id": T.volume_id, "server_id": T.server_id},
    filters={"project_id": T.project_id, "volume_id": T.volume_id, "server_id": T.server_id, "status": T.status},
    default=[("created_at", True)],
)


async def add(tx: Tx, attachment: Attachment) -> None:
    """Insert. Raises Duplicate if the volume has one."""
    await tx.do(INSERT, **values(attachment))


async def save(tx: Tx, attachment: Attachment) -> None:
    """Write every field of one that is held."""
    await tx.do(UPDATE, b_key=attachment.id, **values(attachment))


async def find(tx: Reader, attachment_id: str) -> Attachment | None:
    """By id."""
    return await tx.one(GET, key=attachment_id)


async def hold(tx: Tx, attachment_id: str) -> Attachment | None:
    """By id; until the transaction ends nobody else changes it."""
    return await tx.one(HOLD, key=attachment_id)


async def of_volumes(tx: Reader, volume_ids: list[str]) -> dict[str, Attachment]:
    """The attachment of each volume that has one."""
    return {a.volume_id: a for a in await tx.all(OF_VOLUMES, volume_ids=volume_ids)}


async def of_servers(tx: Reader, server_ids: list[str]) -> list[Attachment]:
    """The attachments that compute made for some servers."""
    return await tx.all(OF_SERVERS, server_ids=server_ids)


async def page(tx: Reader, wanted: Page) -> list[Attachment]:
    """A page of attachments."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, attachment_id: str) -> bool:
    """Delete the row; whether there was one."""
    return await tx.do(DELETE, key=attachment_id) == 1


async def next_generation(tx: Tx, volume_id: str) -> int:
    """A number greater than every earlier one of this volume."""
    found = await tx.one(NEXT_GENERATION, b_id=volume_id)
    if found is not None:
        return int(found[0])
    await tx.do(FIRST_GENERATION, volume_id=volume_id, generation=1)
    return 1
