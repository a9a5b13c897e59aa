"""Which hosts can hold something now, and why the others cannot."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

from ...kernel.db import Query, Reader, among
from ..model import Verdict, Wanted
from .aggregates import PROVIDER_AGGREGATES
from .claims import fits
from .hosts import HOSTS
from .inventories import USED, capacity_of
from .tables import INVENTORIES
from .traits import PROVIDER_TRAITS

H, INV, T, A = HOSTS.c, INVENTORIES.c, PROVIDER_TRAITS.c, PROVIDER_AGGREGATES.c


def _amount(at: int) -> sa.BindParameter[int]:
    return sa.bindparam(f"amount{at}", type_=sa.BigInteger())


def _inventory_of_host(at: int) -> sa.ColumnElement[bool]:
    return sa.and_(INV.provider_id == H.id, INV.resource_class == sa.bindparam(f"class{at}", type_=sa.Text()))


def _holds(at: int) -> sa.ColumnElement[bool]:
    return sa.exists().where(_inventory_of_host(at), fits(INV, USED, _amount(at))).correlate(HOSTS)


def _free(at: int) -> sa.ScalarSelect[Any]:
    return sa.select(capacity_of(INV) - USED).where(_inventory_of_host(at)).correlate(HOSTS).scalar_subquery()


def _in_aggregate(name: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(A.provider_id == H.id, among(A.aggregate_id, name)).correlate(HOSTS)


def _conditions(listed: bool, groups: int) -> dict[str, sa.ColumnElement[bool]]:
    having = sa.select(sa.func.count()).where(T.provider_id == H.id, among(T.trait, "required")).correlate(HOSTS).scalar_subquery()
    tainted = sa.exists().where(T.provider_id == H.id, among(T.trait, "forbidden")).correlate(HOSTS)
    member = [_in_aggregate(f"in{at}") for at in range(groups)]
    return {
        "listed": among(H.id, "hosts") if listed else sa.true(),
        "excluded": sa.not_(among(H.id, "excluded")),
        "alive": H.lease_until > sa.bindparam("stamp", type_=sa.Text()),
        "enabled": H.enabled,
        "traits": having == sa.bindparam("required_count", type_=sa.Integer()),
        "untainted": sa.not_(tainted),
        "aggregates": sa.and_(*member, sa.not_(_in_aggregate("not_in"))),
    }


@cache
def _fitting(resources: int, listed: bool, groups: int) -> Query[tuple[Any, ...]]:
    chosen = (
        sa.select(H.id)
        .where(*_conditions(listed, groups).values(), *(_holds(at) for at in range(resources)))
        .order_by(H.id)
        .limit(sa.bindparam("limit", type_=sa.Integer()))
    )
    columns = (INV.provider_id, INV.resource_class, capacity_of(INV), USED)
    return Query(sa.select(*columns).where(INV.provider_id.in_(chosen)).order_by(INV.provider_id, INV.resource_class))


@cache
def _verdicts(resources: int, listed: bool, groups: int) -> Query[Verdict]:
    figures = [column for at in range(resources) for column in (_free(at), _holds(at))]
    flags = [condition.label(name) for name, condition in _conditions(listed, groups).items()]
    return Query(sa.select(H.id, H.hostname, *flags, *figures).order_by(H.id), Verdict.of)


def _shape(wanted: Wanted) -> tuple[int, bool, int]:
    return len(wanted.resources), wanted.hosts is not None, len(wanted.aggregates)


def _parameters(wanted: Wanted, stamp: str) -> dict[str, Any]:
    required = list(dict.fromkeys(wanted.required))
    found: dict[str, Any] = {"stamp": stamp, "now_stamp": stamp, "required": required, "required_count": len(required)}
    found |= {"forbidden": wanted.forbidden, "hosts": wanted.hosts or [], "excluded": wanted.excluded, "not_in": wanted.not_in}
    found |= {f"class{at}": name for at, name in enumerate(wanted.resources)}
    found |= {f"amount{at}": amount for at, amount in enumerate(wanted.resources.values())}
    return found | {f"in{at}": group for at, group in enumerate(wanted.aggregates)}


async def fitting(tx: Reader, wanted: Wanted, limit: int) -> list[tuple[Any, ...]]:
    """(host id, resource class, capacity, used) for every inventory of the first `limit` hosts that can hold it, by host id."""
    return await tx.all(_fitting(*_shape(wanted)), **_parameters(wanted, tx.stamp), limit=limit)


async def verdicts(tx: Reader, wanted: Wanted) -> list[Verdict]:
    """Every host, with what speaks against it."""
    return await tx.all(_verdicts(*_shape(wanted)), **_parameters(wanted, tx.stamp))
