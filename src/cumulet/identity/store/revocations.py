"""Revoked tokens, by audit id, until they would have expired."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, metadata
from ...kernel.db.query import among

REVOCATIONS = sa.Table(
    "token_revocations",
    metadata,
    sa.Column("audit_id", sa.Text, primary_key=True),
    sa.Column("expires_at", sa.Double, nullable=False),
)
T = REVOCATIONS.c
ANY = Query(sa.select(T.audit_id).where(among(T.audit_id, "audit_ids")))
DELETE = Query(sa.delete(REVOCATIONS).where(T.audit_id == sa.bindparam("b_audit_id")))
INSERT = Query(sa.insert(REVOCATIONS).values(audit_id=sa.bindparam("audit_id"), expires_at=sa.bindparam("expires_at")))
PURGE = Query(sa.delete(REVOCATIONS).where(T.expires_at < sa.bindparam("now")))


async def is_revoked(tx: Reader, audit_ids: tuple[str, ...]) -> bool:
    """Whether any of these was revoked."""
    return await tx.one(ANY, audit_ids=list(audit_ids)) is not None


async def revoke(tx: Tx, audit_id: str, expires_at: float) -> None:
    """Remember a revocation; twice is as good as once. Old ones are dropped on the way."""
    await tx.do(PURGE, now=tx.now)
    await tx.do(DELETE, b_audit_id=audit_id)
    await tx.do(INSERT, audit_id=audit_id, expires_at=expires_at)
