"""Trusts. One whose uses are used up is kept for the tokens that were made with it, and is not found otherwise."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ....kernel.db.rows import delete, get, insert
from ...model import Trust

TRUSTS = sa.Table(
    "trusts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("trustor_user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("trustee_user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE")),
    sa.Column("impersonation", sa.Boolean, nullable=False),
    sa.Column("remaining_uses", sa.Integer),
    sa.Column("expires_at", sa.Double),
    sa.Column("redelegation_count", sa.Integer, nullable=False),
    sa.Column("redelegated_trust_id", sa.Text, sa.ForeignKey("trusts.id", ondelete="CASCADE")),
    sa.Column("role_ids", Json, nullable=False),
    sa.Column("extra", Json, nullable=False),
    sa.Index("trusts_trustor", "trustor_user_id"),
    sa.Index("trusts_trustee", "trustee_user_id"),
    sa.Index("trusts_redelegated", "redelegated_trust_id"),
    sa.Index("trusts_project", "project_id"),
)
T = TRUSTS.c

INSERT, GET, DELETE = insert(TRUSTS), get(TRUSTS, Trust), delete(TRUSTS)
_ALIVE = (
    sa.or_(T.remaining_uses.is_(None), T.remaining_uses > 0),
    sa.or_(T.expires_at.is_(None), T.expires_at > sa.bindparam("b_now", type_=sa.Double())),
)
ALIVE = Query(sa.select(TRUSTS).where(T.id == sa.bindparam("key"), *_ALIVE), Trust)
LISTING = Listing(
    sa.select(TRUSTS),
    Trust,
    key=T.id,
    sorts={"id": T.id},
    filters={
        "trustor_user_id": T.trustor_user_id,
        "trustee_user_id": T.trustee_user_id,
    },
    default=[("id", False)],
)
USE = Query(sa.update(TRUSTS).where(T.id == sa.bindparam("b_id"), T.remaining_uses > 0).values(remaining_uses=T.remaining_uses - 1))


async def add(tx: Tx, trust: Trust) -> None:
    """Insert."""
    await tx.do(INSERT, **values(trust))


async def find(tx: Reader, trust_id: str) -> Trust | None:
    """By id, unless it is used up or expired."""
    return await tx.one(ALIVE, key=trust_id, b_now=tx.now)


async def chain(tx: Reader, trust_id: str) -> list[Trust]:
    """A trust, the one it was passed on from, and so on up to the first; empty if it is gone. Used up ones are among them."""
    found: list[Trust] = []
    wanted: str | None = trust_id
    while wanted is not None:
        trust = await tx.one(GET, key=wanted)
        if trust is None:
            return []
        found.append(trust)
        wanted = trust.redelegated_trust_id
    return found


async def page(tx: Reader, wanted: Page) -> list[Trust]:
    """A page of trusts that are neither used up nor expired."""
    found = await LISTING.page(tx, wanted)
    return [t for t in found if t.remaining_uses != 0 and (t.expires_at is None or t.expires_at > tx.now)]


async def use(tx: Tx, trust_id: str) -> bool:
    """Count one use of a trust that counts them; False if none was left."""
    return await tx.do(USE, b_id=trust_id) > 0


async def remove(tx: Tx, trust_id: str) -> None:
    """Delete a trust, and all that it was passed on to."""
    await tx.do(DELETE, key=trust_id)
