"""Policy documents that are kept for others."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import PolicyBlob

POLICIES = sa.Table(
    "policy_blobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("blob", Json, nullable=False),
    sa.Column("extra", Json, nullable=False),
)
T = POLICIES.c

INSERT, UPDATE, GET, DELETE = insert(POLICIES), update(POLICIES), get(POLICIES, PolicyBlob), delete(POLICIES)
LISTING = Listing(sa.select(POLICIES), PolicyBlob, key=T.id, sorts={"id": T.id}, filters={"type": T.type}, default=[("id", False)])


async def add(tx: Tx, policy: PolicyBlob) -> None:
    """Insert."""
    await tx.do(INSERT, **values(policy))


async def save(tx: Tx, policy: PolicyBlob) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=policy.id, **values(policy))


async def find(tx: Reader, policy_id: str) -> PolicyBlob | None:
    """By id."""
    return await tx.one(GET, key=policy_id)


async def page(tx: Reader, wanted: Page) -> list[PolicyBlob]:
    """A page of documents."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, policy_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=policy_id)
