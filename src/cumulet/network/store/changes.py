"""The outbox: what OVN has not been told yet."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among, metadata
from ..model import Change

CHANGES = sa.Table(
    "network_changes",
    metadata,
    sa.Column("seq", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
)
C = CHANGES.c

ADD = Query(sa.insert(CHANGES).values(kind=sa.bindparam("kind"), object_id=sa.bindparam("object_id")))
OLDEST = Query(sa.select(CHANGES).order_by(C.seq).limit(sa.bindparam("most")), Change)
DONE = Query(sa.delete(CHANGES).where(among(C.seq, "seqs")))
COUNT = Query(sa.select(sa.func.count()).select_from(CHANGES))


async def add(tx: Tx, kind: str, object_id: str) -> None:
    """Note that OVN must be told about this object."""
    await tx.do(ADD, kind=kind, object_id=object_id)


async def oldest(tx: Reader, most: int) -> list[Change]:
    """The first entries."""
    return await tx.all(OLDEST, most=most)


async def done(tx: Tx, seqs: list[int]) -> None:
    """Remove entries: OVN has been told."""
    await tx.do(DONE, seqs=seqs)


async def count(tx: Reader) -> int:
    """How many wait."""
    found = await tx.one(COUNT)
    return int(found[0]) if found else 0
