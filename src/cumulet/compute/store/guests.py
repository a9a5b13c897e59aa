"""Guests on hosts that are not servers of ours (C9)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Json, Query, Reader, Tx, metadata

UNMANAGED = sa.Table(
    "unmanaged_guests",
    metadata,
    sa.Column("host_id", sa.Text, primary_key=True),
    sa.Column("guests", Json, nullable=False),
    sa.Column("seen_at", sa.Text, nullable=False),
)
BOOTS = sa.Table(
    "host_boots",
    metadata,
    sa.Column("host_id", sa.Text, primary_key=True),
    sa.Column("boot", sa.Text, nullable=False),
)
T = UNMANAGED.c
B = sa.bindparam


class Unmanaged(Struct, frozen=True):
    """A host's unknown guests: name, state, vcpus, memory_mb and server_id of each."""

    host_id: str
    guests: list[dict[str, Any]]
    seen_at: str


GET = Query(sa.select(UNMANAGED).where(T.host_id == B("host_id")), Unmanaged)
ALL = Query(sa.select(UNMANAGED).order_by(T.host_id), Unmanaged)
PUT = Query(
    insert(UNMANAGED)
    .values(host_id=B("host_id"), guests=B("guests", type_=T.guests.type), seen_at=B("seen_at"))
    .on_conflict_do_update(index_elements=["host_id"], set_={"guests": B("guests", type_=T.guests.type), "seen_at": B("seen_at")})
)

BOOT = Query(sa.select(BOOTS.c.boot).where(BOOTS.c.host_id == B("host_id")))
SET_BOOT = Query(
    insert(BOOTS)
    .values(host_id=B("host_id"), boot=B("boot"))
    .on_conflict_do_update(index_elements=["host_id"], set_={"boot": B("boot")})
)


async def boot(tx: Reader, host_id: str) -> str | None:
    """The last start of a host that was noticed."""
    found = await tx.one(BOOT, host_id=host_id)
    return found[0] if found else None


async def set_boot(tx: Tx, host_id: str, boot: str) -> None:
    """A host's start was noticed."""
    await tx.do(SET_BOOT, host_id=host_id, boot=boot)


async def unmanaged(tx: Reader, host_id: str) -> list[dict[str, Any]]:
    """The unknown guests of a host."""
    found = await tx.one(GET, host_id=host_id)
    return found.guests if found else []


async def all_unmanaged(tx: Reader) -> list[Unmanaged]:
    """The unknown guests of every host that has, or had, any."""
    return await tx.all(ALL)


async def set_unmanaged(tx: Tx, host_id: str, guests: list[dict[str, Any]]) -> None:
    """Replace them."""
    await tx.do(PUT, host_id=host_id, guests=guests, seen_at=tx.stamp)
