"""The outbox: what OVN has not been told yet, and which process tells it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, among, metadata
from ..model import Change

CHANGES = sa.Table(
    "network_changes",
    metadata,
    sa.Column("seq", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
)
LEADER = sa.Table(
    "network_leader",
    metadata,
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
C, L = CHANGES.c, LEADER.c

ADD = Query(sa.insert(CHANGES).values(kind=sa.bindparam("kind"), object_id=sa.bindparam("object_id")))
OLDEST = Query(sa.select(CHANGES).order_by(C.seq).limit(sa.bindparam("most")), Change)
DONE = Query(sa.delete(CHANGES).where(among(C.seq, "seqs")))
_HOLDER, _UNTIL = sa.bindparam("holder", type_=sa.Text()), sa.bindparam("until", type_=sa.Float())
HOLD = Query(
    insert(LEADER)
    .values(role="ovn", holder=_HOLDER, until=_UNTIL)
    .on_conflict_do_update(
        index_elements=["role"],
        set_={"holder": _HOLDER, "until": _UNTIL},
        where=sa.or_(L.holder == _HOLDER, L.until < sa.bindparam("now", type_=sa.Float())),
    )
)
VACATE = Query(sa.delete(LEADER).where(L.holder == sa.bindparam("holder")))
VACATE_ANY = Query(sa.delete(LEADER))
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


async def hold(tx: Tx, holder: str, seconds: float) -> bool:
    """Become, or stay, the one who tells OVN, for so many seconds; False while somebody else is."""
    return await tx.do(HOLD, holder=holder, until=tx.now + seconds, now=tx.now) > 0


async def count(tx: Reader) -> int:
    """How many wait."""
    found = await tx.one(COUNT)
    return int(found[0]) if found else 0


async def vacate(tx: Tx, holder: str | None = None) -> None:
    """Nobody tells OVN any more, if it was `holder`; without one, whoever it was."""
    if holder is None:
        await tx.do(VACATE_ANY)
    else:
        await tx.do(VACATE, holder=holder)
