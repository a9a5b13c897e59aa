"""Old rows of the history that are summed up: what ended claims did between two rows that are kept becomes one row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ....kernel.db import Query, Reader, Tx, among
from ...model import Transition
from ..tables import CLAIMS, HISTORY
from .history import CLAIM, RELEASE, ROLLUP

T = HISTORY.c
B = sa.bindparam

_LIVES = sa.exists().where(CLAIMS.c.consumer_id == T.consumer_id).correlate(HISTORY)
_ENDED = sa.and_(sa.or_(T.kind == CLAIM, T.kind == RELEASE), sa.not_(_LIVES))
_OLD = T.sequence <= B("until", type_=sa.BigInteger())
_OF_PROVIDER = T.provider_id == B("provider_id")

LAST: Query[tuple[int]] = Query(sa.select(sa.func.coalesce(sa.func.max(T.sequence), 0)))
NEXT: Query[tuple[int, str]] = Query(
    sa.select(T.sequence, T.at).where(T.sequence >= B("sequence", type_=sa.BigInteger())).order_by(T.sequence).limit(1)
)
A_PROVIDER: Query[tuple[str]] = Query(sa.select(T.provider_id).where(_OLD, _ENDED).order_by(T.sequence).limit(1))
ENDED = Query(
    sa.select(HISTORY).where(_OF_PROVIDER, _OLD, _ENDED).order_by(T.sequence).limit(B("limit", type_=sa.Integer())), Transition
)
KEPT: Query[tuple[int, str, str, Any]] = Query(
    sa.select(T.sequence, T.at, T.kind, T.change).where(_OF_PROVIDER, _OLD, sa.not_(_ENDED)).order_by(T.sequence)
)
SUM_UP: Query[Any] = Query(
    sa.update(HISTORY)
    .where(T.sequence == B("b_sequence", type_=sa.BigInteger()))
    .values(kind=ROLLUP, consumer_id=None, detail=None, request_id="-", change=B("change", type_=T.change.type), cause=B("cause"))
)
DROP: Query[Any] = Query(sa.delete(HISTORY).where(among(T.sequence, "sequences")))


async def last_before(tx: Reader, stamp: str) -> int:
    """The number of the last row from before an instant, found by halving: rows have the order of their times."""
    found = await tx.one(LAST)
    low, high = 0, (found[0] if found else 0) + 1  # rows up to `low` are from before, those from `high` on are not
    while high - low > 1:
        middle = (low + high) // 2
        row = await tx.one(NEXT, sequence=middle)
        if row is not None and row[0] < high and row[1] < stamp:
            low = row[0]
        else:
            high = middle
    return low


async def provider_with_ended(tx: Reader, until: int) -> str | None:
    """A provider of which rows up to number `until` tell of claims whose consumer holds nothing any more."""
    found = await tx.one(A_PROVIDER, until=until)
    return found[0] if found else None


async def ended(tx: Reader, provider_id: str, until: int, limit: int) -> list[Transition]:
    """The first such rows of a provider, oldest first."""
    return await tx.all(ENDED, provider_id=provider_id, until=until, limit=limit)


async def kept(tx: Reader, provider_id: str, until: int) -> list[tuple[int, str, str, Any]]:
    """(number, time, kind, change) of a provider's other rows up to number `until`, oldest first."""
    return await tx.all(KEPT, provider_id=provider_id, until=until)


async def sum_up(tx: Tx, sequences: list[int], change: dict[str, int], cause: str) -> None:
    """Let the last of these rows tell what all of them did, and drop the others."""
    *others, last = sequences
    await tx.do(SUM_UP, b_sequence=last, change=change, cause=cause)
    await tx.do(DROP, sequences=others)
