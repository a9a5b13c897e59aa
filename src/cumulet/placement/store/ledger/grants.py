"""Leave to overcommit: every grant that was ever given. What is in force now stands with the inventory, too."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ....kernel.db import Query, Reader, Tx, values
from ....kernel.db.rows import get, insert
from ...model import Grant
from ..tables import GRANTS

T = GRANTS.c
B = sa.bindparam

INSERT, GET = insert(GRANTS), get(GRANTS, Grant)
ALL = Query(sa.select(GRANTS).order_by(T.granted_at, T.id), Grant)
OF_PROVIDER = Query(sa.select(GRANTS).where(T.provider_id == B("provider_id")).order_by(T.granted_at, T.id), Grant)
REVOKE: Query[Any] = Query(
    sa.update(GRANTS).where(T.id == B("b_id"), T.revoked_at.is_(None)).values(revoked_by=B("by"), revoked_at=B("at"))
)


async def add(tx: Tx, grant: Grant) -> None:
    """Insert."""
    await tx.do(INSERT, **values(grant))


async def find(tx: Reader, grant_id: str) -> Grant | None:
    """By id."""
    return await tx.one(GET, key=grant_id)


async def everyone(tx: Reader) -> list[Grant]:
    """Every grant, expired and revoked ones too, oldest first."""
    return await tx.all(ALL)


async def of_provider(tx: Reader, provider_id: str) -> list[Grant]:
    """Every grant for a provider, oldest first."""
    return await tx.all(OF_PROVIDER, provider_id=provider_id)


async def revoke(tx: Tx, grant_id: str, by: str) -> None:
    """End it now."""
    await tx.do(REVOKE, b_id=grant_id, by=by, at=tx.stamp)
