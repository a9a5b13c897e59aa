"""What a search for allocation candidates looks at, in three statements for any number of providers."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from ...kernel.db import Query, Reader, among
from ..model import Figures
from ..search import Node, World
from ..search.model import SHARES
from .aggregates import PROVIDER_AGGREGATES
from .claims import fits
from .inventories import USED, ratio_of
from .providers import PROVIDERS
from .tables import INVENTORIES
from .traits import PROVIDER_TRAITS

P, V, T, A = PROVIDERS.c, INVENTORIES.c, PROVIDER_TRAITS.c, PROVIDER_AGGREGATES.c
ROOT, MEMBER = PROVIDERS.alias("root"), PROVIDERS.alias("member")

SHARED: Query[tuple[str]] = Query(
    sa.select(V.resource_class)
    .select_from(INVENTORIES.join(PROVIDER_TRAITS, V.provider_id == T.provider_id))
    .where(T.trait == SHARES)
    .distinct()
)
_SHARING = sa.select(T.provider_id).where(T.trait == SHARES)
SHARED_TRAITS: Query[tuple[str]] = Query(sa.select(T.trait).where(T.provider_id.in_(_SHARING)).distinct())
MARKS: Query[tuple[str, bool, str]] = Query(
    sa.select(T.provider_id, sa.literal(True), T.trait)
    .where(among(T.provider_id, "ids"))
    .union_all(sa.select(A.provider_id, sa.literal(False), A.aggregate_id).where(among(A.provider_id, "ids")))
)


class Need(Struct, frozen=True):
    """An amount of a class that somewhere in a tree must be free in one piece; `in_tree` narrows it to one provider's tree."""

    resource_class: str
    amount: int


def _somewhere(at: int) -> sa.ColumnElement[bool]:
    amount = sa.bindparam(f"amount{at}", type_=sa.BigInteger())
    inventory = sa.and_(
        MEMBER.c.root_id == ROOT.c.id,
        V.provider_id == MEMBER.c.id,
        V.resource_class == sa.bindparam(f"class{at}", type_=sa.Text()),
    )
    return sa.exists().where(inventory, fits(V, USED, amount)).correlate(ROOT)


def _marked(at: int) -> sa.ColumnElement[bool]:
    has = sa.and_(MEMBER.c.root_id == ROOT.c.id, T.provider_id == MEMBER.c.id, among(T.trait, f"traits{at}"))
    return sa.exists().where(has).correlate(ROOT)


@cache
def _world(needs: int, traits: int, limited: bool) -> Query[tuple[Any, ...]]:
    has = [*(_somewhere(at) for at in range(needs)), *(_marked(at) for at in range(traits))]
    roots = sa.select(ROOT.c.id).where(ROOT.c.parent_id.is_(None), *has).order_by(ROOT.c.id)
    if limited:
        roots = roots.limit(sa.bindparam("limit", type_=sa.Integer()))
    member = PROVIDERS.alias()
    sharing = sa.select(member.c.root_id).join(PROVIDER_TRAITS, T.provider_id == member.c.id).where(T.trait == SHARES)
    wanted = sa.select(roots.subquery().c.id).union_all(sharing)
    inventory = (V.total, V.reserved, ratio_of(V), USED, V.min_unit, V.max_unit, V.step_size, V.unmanaged, V.own_use)
    return Query(
        sa.select(P.id, P.parent_id, P.root_id, V.resource_class, *inventory)
        .select_from(PROVIDERS.outerjoin(INVENTORIES, P.id == V.provider_id))
        .where(P.root_id.in_(wanted))
        .order_by(P.root_id, P.id, V.resource_class)
    )


async def shared_classes(tx: Reader) -> set[str]:
    """The classes that some provider shares: any tree may get them from outside."""
    return {name for (name,) in await tx.all(SHARED)}


async def shared_traits(tx: Reader) -> set[str]:
    """The traits of the providers that share."""
    return {name for (name,) in await tx.all(SHARED_TRAITS)}


async def world(tx: Reader, needs: list[Need], traits: list[list[str]], limit: int | None) -> World:
    """The trees, `limit` of them at most, that have each need free somewhere and a trait of each list; and all trees that share."""
    values: dict[str, Any] = {f"class{at}": need.resource_class for at, need in enumerate(needs)}
    values |= {f"amount{at}": need.amount for at, need in enumerate(needs)}
    values |= {f"traits{at}": any_of for at, any_of in enumerate(traits)}
    rows = await tx.all(_world(len(needs), len(traits), limit is not None), **values, limit=limit, now_stamp=tx.stamp)
    figures: dict[str, dict[str, Figures]] = {}
    places: dict[str, tuple[str | None, str]] = {}
    for provider_id, parent_id, root_id, resource_class, *stated, unmanaged, own_use in rows:
        if provider_id not in places:
            places[provider_id], figures[provider_id] = (parent_id, root_id), {}
        if resource_class is not None:
            figures[provider_id][resource_class] = Figures(*(*stated, "", "", "", unmanaged, own_use))
    held: dict[str, set[str]] = {provider_id: set() for provider_id in places}
    member: dict[str, set[str]] = {provider_id: set() for provider_id in places}
    for provider_id, is_trait, mark in await tx.all(MARKS, ids=list(places)):
        (held if is_trait else member)[provider_id].add(mark)
    return World(
        Node(provider_id, *place, figures[provider_id], frozenset(held[provider_id]), frozenset(member[provider_id]))
        for provider_id, place in places.items()
    )
