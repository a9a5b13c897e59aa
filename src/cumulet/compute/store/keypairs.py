"""Public keys of users."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Listing, Page, Query, Reader, Tx, metadata
from ..model import Keypair

KEYPAIRS = sa.Table(
    "keypairs",
    metadata,
    sa.Column("sequence", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Index("keypairs_name", "user_id", "name", unique=True),
)
T = KEYPAIRS.c
B = sa.bindparam

_written = ("user_id", "name", "type", "public_key", "fingerprint", "created_at")
INSERT = Query(sa.insert(KEYPAIRS).values({name: B(name) for name in _written}))
GET = Query(sa.select(KEYPAIRS).where(T.user_id == B("user_id"), T.name == B("name")), Keypair)
DELETE = Query(sa.delete(KEYPAIRS).where(T.user_id == B("user_id"), T.name == B("name")))
COUNT = Query(sa.select(sa.func.count()).select_from(KEYPAIRS).where(T.user_id == B("user_id")))
LISTING = Listing(
    sa.select(KEYPAIRS), Keypair, key=T.name, sorts={"name": T.name}, filters={"user_id": T.user_id}, default=[("name", False)]
)


async def add(tx: Tx, user_id: str, name: str, kind: str, key: tuple[str, str]) -> None:
    """Insert; `key` is (public key, fingerprint). Raises Duplicate if the user has one of that name."""
    public_key, fingerprint = key
    await tx.do(INSERT, user_id=user_id, name=name, type=kind, public_key=public_key, fingerprint=fingerprint, created_at=tx.stamp)


async def find(tx: Reader, user_id: str, name: str) -> Keypair | None:
    """A user's key by name."""
    return await tx.one(GET, user_id=user_id, name=name)


async def page(tx: Reader, wanted: Page) -> list[Keypair]:
    """A page of keys, by name."""
    return await LISTING.page(tx, wanted)


async def count(tx: Reader, user_id: str) -> int:
    """How many a user has."""
    found = await tx.one(COUNT, user_id=user_id)
    return int(found[0]) if found else 0


async def remove(tx: Tx, user_id: str, name: str) -> bool:
    """Delete; whether it was there."""
    return await tx.do(DELETE, user_id=user_id, name=name) > 0
