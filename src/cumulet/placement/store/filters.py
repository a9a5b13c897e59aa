"""The list of providers, with the filters of the wire."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from ...kernel.db import Query, Reader, among
from ..model import Provider
from .aggregates import PROVIDER_AGGREGATES
from .claims import fits
from .inventories import USED
from .providers import PROVIDERS
from .tables import INVENTORIES
from .traits import PROVIDER_TRAITS

P, A, T, V = PROVIDERS.c, PROVIDER_AGGREGATES.c, PROVIDER_TRAITS.c, INVENTORIES.c


class Filters(Struct, frozen=True):
    """Which providers to list.

    One must be in an aggregate of each list in `member_of` and in none of `not_in`; have a trait of each list in `required` and
    none of `forbidden`; belong to the tree whose root is `in_tree`; and be able to give all of `resources` now.
    """

    name: str | None = None
    id: str | None = None
    member_of: list[list[str]] = []
    not_in: list[str] = []
    required: list[list[str]] = []
    forbidden: list[str] = []
    in_tree: str | None = None
    resources: dict[str, int] = {}

    def within(self, root_id: str) -> Filters:
        """The same filters, in another tree."""
        return msgspec.structs.replace(self, in_tree=root_id)


class _Shape(Struct, frozen=True):
    """Which conditions a statement has."""

    name: bool
    id: bool
    in_tree: bool
    member_of: int
    required: int
    resources: int


def _in_aggregate(parameter: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(A.provider_id == P.id, among(A.aggregate_id, parameter)).correlate(PROVIDERS)


def _has_trait(parameter: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(T.provider_id == P.id, among(T.trait, parameter)).correlate(PROVIDERS)


def _gives(at: int) -> sa.ColumnElement[bool]:
    amount = sa.bindparam(f"amount{at}", type_=sa.BigInteger())
    inventory = sa.and_(V.provider_id == P.id, V.resource_class == sa.bindparam(f"class{at}", type_=sa.Text()))
    return sa.exists().where(inventory, fits(V, USED, amount)).correlate(PROVIDERS)


@cache
def _query(shape: _Shape) -> Query[Provider]:
    where: list[sa.ColumnElement[bool]] = [sa.not_(_in_aggregate("not_in")), sa.not_(_has_trait("forbidden"))]
    where += [_in_aggregate(f"member_of{at}") for at in range(shape.member_of)]
    where += [_has_trait(f"required{at}") for at in range(shape.required)]
    where += [_gives(at) for at in range(shape.resources)]
    if shape.name:
        where.append(P.name == sa.bindparam("name", type_=sa.Text()))
    if shape.id:
        where.append(P.id == sa.bindparam("id", type_=sa.Text()))
    if shape.in_tree:
        where.append(P.root_id == sa.bindparam("in_tree", type_=sa.Text()))
    return Query(sa.select(PROVIDERS).where(*where).order_by(P.created_at, P.id), Provider)


async def search(tx: Reader, filters: Filters) -> list[Provider]:
    """The providers that pass every filter, in the order in which they came."""
    shape = _Shape(
        filters.name is not None,
        filters.id is not None,
        filters.in_tree is not None,
        len(filters.member_of),
        len(filters.required),
        len(filters.resources),
    )
    values: dict[str, Any] = {"not_in": filters.not_in, "forbidden": filters.forbidden}
    values |= {f"member_of{at}": group for at, group in enumerate(filters.member_of)}
    values |= {f"required{at}": group for at, group in enumerate(filters.required)}
    values |= {f"class{at}": name for at, name in enumerate(filters.resources)}
    values |= {f"amount{at}": amount for at, amount in enumerate(filters.resources.values())}
    values["now_stamp"] = tx.stamp
    return await tx.all(_query(shape), **values, name=filters.name, id=filters.id, in_tree=filters.in_tree)
