"""Revoked tokens, by audit id, until they would have expired."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, metadata
from ...kernel.db.query import among
from ...kernel.db.rows import insert
from .users import USERS

REVOCATIONS = sa.Table(
    "token_revocations",
    metadata,
    sa.Column("audit_id", sa.Text, primary_key=True),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("revoked_at", sa.Double, nullable=False, server_default="0"),
)
T = REVOCATIONS.c
ANY = Query(sa.select(T.audit_id).where(among(T.audit_id, "audit_ids")))
DELETE = Query(sa.delete(REVOCATIONS).where(T.audit_id == sa.bindparam("b_audit_id")))
INSERT = insert(REVOCATIONS)
SINCE = Query(
    sa.select(T.audit_id, T.revoked_at).where(T.revoked_at >= sa.bindparam("since", type_=sa.Double())).order_by(T.revoked_at)
)
VOID = Query(
    sa.select(USERS.c.id, USERS.c.valid_from)
    .where(USERS.c.valid_from > 0, USERS.c.valid_from >= sa.bindparam("since", type_=sa.Double()))
    .order_by(USERS.c.valid_from)
)
PURGE = Query(sa.delete(REVOCATIONS).where(T.expires_at < sa.bindparam("now")))


async def is_revoked(tx: Reader, audit_ids: tuple[str, ...]) -> bool:
    """Whether any of these was revoked."""
    return await tx.one(ANY, audit_ids=list(audit_ids)) is not None


async def revoke(tx: Tx, audit_id: str, expires_at: float) -> None:
    """Remember a revocation; twice is as good as once. Old ones are dropped on the way."""
    await tx.do(PURGE, now=tx.now)
    await tx.do(DELETE, b_audit_id=audit_id)
    await tx.do(INSERT, audit_id=audit_id, expires_at=expires_at, revoked_at=tx.now)


async def since(tx: Reader, at: float) -> list[tuple[str, float]]:
    """(audit id, revoked at) of the tokens that were revoked at `at` or later, in order."""
    return await tx.all(SINCE, since=at)


async def users_since(tx: Reader, at: float) -> list[tuple[str, float]]:
    """(user id, since when) of the users whose older tokens became void at `at` or later, in order."""
    return await tx.all(VOID, since=at)
