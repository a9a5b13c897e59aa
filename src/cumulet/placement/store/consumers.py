"""Consumers: whoever holds claims, or held some. The epoch never goes back, so the row outlives the claims."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, among
from ..model import Consumer
from .tables import CLAIMS, CONSUMERS

T, A = CONSUMERS.c, CLAIMS.c

_insert = insert(CONSUMERS).values(
    id=sa.bindparam("id"),
    epoch=1,
    generation=1,
    project_id=sa.bindparam("project_id"),
    user_id=sa.bindparam("user_id"),
    type=sa.bindparam("type", type_=sa.Text()),
    created_at=sa.bindparam("stamp"),
    updated_at=sa.bindparam("stamp"),
)
ADVANCE: Query[tuple[int]] = Query(
    _insert.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "epoch": T.epoch + 1,
            "generation": T.generation + 1,
            "project_id": _insert.excluded.project_id,
            "user_id": _insert.excluded.user_id,
            "type": sa.func.coalesce(_insert.excluded.type, T.type),
            "updated_at": _insert.excluded.updated_at,
        },
    ).returning(T.epoch)
)
LOCK: Query[Any] = Query(
    insert(CONSUMERS)
    .values(
        id=sa.bindparam("id"),
        epoch=0,
        generation=0,
        project_id=sa.bindparam("project_id"),
        user_id=sa.bindparam("user_id"),
        type=None,
        created_at=sa.bindparam("stamp"),
        updated_at=sa.bindparam("stamp"),
    )
    .on_conflict_do_update(index_elements=["id"], set_={"epoch": T.epoch})
)
GET = Query(sa.select(CONSUMERS).where(T.id == sa.bindparam("id")), Consumer)
AMONG = Query(sa.select(CONSUMERS).where(among(T.id, "ids")), Consumer)
CATCH_UP: Query[Any] = Query(
    sa.update(CONSUMERS).where(T.id == sa.bindparam("b_id"), T.epoch <= sa.bindparam("seen")).values(epoch=sa.bindparam("seen") + 1)
)
SETTLE: Query[Any] = Query(
    sa.update(CONSUMERS)
    .where(T.id == sa.bindparam("b_id"))
    .values(
        generation=sa.case(
            (sa.exists().where(CLAIMS.c.consumer_id == sa.bindparam("b_id")), T.generation + 1),
            else_=0,
        ),
        updated_at=sa.bindparam("stamp"),
    )
)


async def advance(tx: Tx, consumer_id: str, project_id: str, user_id: str, kind: str | None) -> int:
    """Let the consumer's epoch and generation grow by one, and return the epoch. Without a `kind` it keeps the one it has."""
    advanced = await tx.one(ADVANCE, id=consumer_id, project_id=project_id, user_id=user_id, type=kind, stamp=tx.stamp)
    return advanced[0] if advanced else 0


async def lock(tx: Tx, consumer_id: str, project_id: str, user_id: str) -> None:
    """Until the transaction ends nobody else changes what the consumer holds; one that nobody knew has a row from now on."""
    await tx.do(LOCK, id=consumer_id, project_id=project_id, user_id=user_id, stamp=tx.stamp)


async def settle(tx: Tx, consumer_id: str) -> None:
    """After a release: the generation grows, or starts anew if the consumer holds nothing any more. The epoch stays."""
    await tx.do(SETTLE, b_id=consumer_id, stamp=tx.stamp)


async def catch_up(tx: Tx, consumer_id: str, seen: int) -> bool:
    """Let the consumer's epoch be higher than one that a host has seen; whether it was not."""
    return await tx.do(CATCH_UP, b_id=consumer_id, seen=seen) > 0


async def find(tx: Reader, consumer_id: str) -> Consumer | None:
    """By id, whether it holds something or not."""
    return await tx.one(GET, id=consumer_id)


async def among_ids(tx: Reader, consumer_ids: list[str]) -> dict[str, Consumer]:
    """Those of these consumers that are known, by id."""
    return {found.id: found for found in await tx.all(AMONG, ids=consumer_ids)}


class Usage(Struct, frozen=True):
    """What some consumers hold, by resource class, and how many they are."""

    consumers: int
    resources: dict[str, int]


def _of(user: bool) -> sa.ColumnElement[bool]:
    of = T.project_id == sa.bindparam("project_id", type_=sa.Text())
    return sa.and_(of, T.user_id == sa.bindparam("user_id", type_=sa.Text())) if user else of


@cache
def _total(user: bool) -> Query[tuple[str, int]]:
    held = CLAIMS.join(CONSUMERS, A.consumer_id == T.id)
    sums = sa.select(A.resource_class, sa.func.sum(A.amount)).select_from(held).where(_of(user))
    return Query(sums.group_by(A.resource_class).order_by(A.resource_class))


@cache
def _by_type(user: bool, together: bool) -> Query[tuple[str, str, int, int]]:
    kind: sa.ColumnElement[str] = sa.literal("all") if together else sa.func.coalesce(T.type, "unknown")
    of_kind = sa.select(kind.label("kind"), A.consumer_id, A.resource_class, A.amount)
    held = of_kind.select_from(CLAIMS.join(CONSUMERS, A.consumer_id == T.id)).where(_of(user)).subquery()
    counts = sa.select(held.c.kind, sa.func.count(sa.distinct(held.c.consumer_id)).label("count")).group_by(held.c.kind).subquery()
    sums = sa.select(held.c.kind, held.c.resource_class, sa.func.sum(held.c.amount), counts.c.count)
    joined = sums.select_from(held.join(counts, held.c.kind == counts.c.kind))
    return Query(joined.group_by(held.c.kind, held.c.resource_class, counts.c.count).order_by(held.c.kind, held.c.resource_class))


async def used(tx: Reader, project_id: str, user_id: str | None) -> dict[str, int]:
    """What a project, or one of its users, holds, by resource class."""
    return dict(await tx.all(_total(user_id is not None), project_id=project_id, user_id=user_id))


async def used_by_type(tx: Reader, project_id: str, user_id: str | None, together: bool) -> dict[str, Usage]:
    """The same by the consumers' type, `unknown` if they never said it; or for all together, under `all`."""
    found: dict[str, Usage] = {}
    query = _by_type(user_id is not None, together)
    for kind, resource_class, amount, count in await tx.all(query, project_id=project_id, user_id=user_id):
        found.setdefault(kind, Usage(count, {})).resources[resource_class] = amount
    return found
