"""Sums of claims by project, user and type of consumer."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from msgspec import Struct

from ...kernel.db import Query, Reader
from .tables import CLAIMS, CONSUMERS

C, A = CONSUMERS.c, CLAIMS.c


class Usage(Struct, frozen=True):
    """What some consumers hold, by resource class, and how many they are."""

    consumers: int
    resources: dict[str, int]


def _of(user: bool) -> sa.ColumnElement[bool]:
    of = C.project_id == sa.bindparam("project_id", type_=sa.Text())
    return sa.and_(of, C.user_id == sa.bindparam("user_id", type_=sa.Text())) if user else of


@cache
def _total(user: bool) -> Query[tuple[str, int]]:
    held = CLAIMS.join(CONSUMERS, A.consumer_id == C.id)
    sums = sa.select(A.resource_class, sa.func.sum(A.amount)).select_from(held).where(_of(user))
    return Query(sums.group_by(A.resource_class).order_by(A.resource_class))


@cache
def _by_type(user: bool, together: bool) -> Query[tuple[str, str, int, int]]:
    kind: sa.ColumnElement[str] = sa.literal("all") if together else sa.func.coalesce(C.type, "unknown")
    of_kind = sa.select(kind.label("kind"), A.consumer_id, A.resource_class, A.amount)
    held = of_kind.select_from(CLAIMS.join(CONSUMERS, A.consumer_id == C.id)).where(_of(user)).subquery()
    counts = sa.select(held.c.kind, sa.func.count(sa.distinct(held.c.consumer_id)).label("count")).group_by(held.c.kind).subquery()
    sums = sa.select(held.c.kind, held.c.resource_class, sa.func.sum(held.c.amount), counts.c.count)
    joined = sums.select_from(held.join(counts, held.c.kind == counts.c.kind))
    return Query(joined.group_by(held.c.kind, held.c.resource_class, counts.c.count).order_by(held.c.kind, held.c.resource_class))


async def total(tx: Reader, project_id: str, user_id: str | None) -> dict[str, int]:
    """What a project, or one of its users, holds, by resource class."""
    return dict(await tx.all(_total(user_id is not None), project_id=project_id, user_id=user_id))


async def by_type(tx: Reader, project_id: str, user_id: str | None, together: bool) -> dict[str, Usage]:
    """The same by the consumers' type, `unknown` if they never said it; or for all together, under `all`."""
    found: dict[str, Usage] = {}
    query = _by_type(user_id is not None, together)
    for kind, resource_class, amount, count in await tx.all(query, project_id=project_id, user_id=user_id):
        found.setdefault(kind, Usage(count, {})).resources[resource_class] = amount
    return found
