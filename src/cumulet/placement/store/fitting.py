"""Which hosts can hold something now, and why the others cannot."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from ...kernel.db import Query, Reader, among
from ..model import HOST_CLASSES, Verdict, Wanted
from .aggregates import PROVIDER_AGGREGATES
from .claims import allows, fits
from .hosts import HOSTS
from .inventories import USED, capacity_of, used_of
from .providers import PROVIDERS
from .tables import INVENTORIES
from .traits import PROVIDER_TRAITS

H, INV, P, T, A = HOSTS.c, INVENTORIES.c, PROVIDERS.c, PROVIDER_TRAITS.c, PROVIDER_AGGREGATES.c


def _amount(at: int) -> sa.BindParameter[int]:
    return sa.bindparam(f"amount{at}", type_=sa.BigInteger())


def _class(at: int) -> sa.BindParameter[str]:
    return sa.bindparam(f"class{at}", type_=sa.Text())


def _inventory_of_host(at: int) -> sa.ColumnElement[bool]:
    return sa.and_(INV.provider_id == H.id, INV.resource_class == _class(at))


def _holds(at: int) -> sa.ColumnElement[bool]:
    return sa.exists().where(_inventory_of_host(at), fits(INV, USED, _amount(at))).correlate(HOSTS)


def _free(at: int) -> sa.ScalarSelect[Any]:
    return sa.select(capacity_of(INV) - USED).where(_inventory_of_host(at)).correlate(HOSTS).scalar_subquery()


def _somewhere(at: int) -> sa.ColumnElement[bool]:
    """Whether the host or something below it has any of a class free."""
    of_tree = sa.and_(
        P.root_id == H.id, INV.provider_id == P.id, INV.resource_class == sa.bindparam(f"inside{at}", type_=sa.Text())
    )
    return sa.exists().where(of_tree, capacity_of(INV) - USED >= 1).correlate(HOSTS)


def _in_aggregate(name: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(A.provider_id == H.id, among(A.aggregate_id, name)).correlate(HOSTS)


class _Shape(Struct, frozen=True):
    """What a statement has to look at: how many wanted classes and lists of aggregates, and which of the other conditions."""

    resources: int
    groups: int
    listed: bool
    excluded: bool
    required: bool
    forbidden: bool
    not_in: bool
    inside: int


def _conditions(shape: _Shape) -> dict[str, sa.ColumnElement[bool]]:
    """What was not asked for is not looked at: with many hosts that is most of the work."""
    having = sa.select(sa.func.count()).where(T.provider_id == H.id, among(T.trait, "required")).correlate(HOSTS).scalar_subquery()
    tainted = sa.exists().where(T.provider_id == H.id, among(T.trait, "forbidden")).correlate(HOSTS)
    member = [_in_aggregate(f"in{at}") for at in range(shape.groups)]
    outside = [sa.not_(_in_aggregate("not_in"))] if shape.not_in else []
    return {
        "listed": among(H.id, "hosts") if shape.listed else sa.true(),
        "excluded": sa.not_(among(H.id, "excluded")) if shape.excluded else sa.true(),
        "alive": H.lease_until > sa.bindparam("stamp", type_=sa.Text()),
        "enabled": H.enabled,
        "traits": having == sa.bindparam("required_count", type_=sa.Integer()) if shape.required else sa.true(),
        "untainted": sa.not_(tainted) if shape.forbidden else sa.true(),
        "aggregates": sa.and_(sa.true(), *member, *outside),
    }


@cache
def _fitting(shape: _Shape, more: int) -> Query[tuple[Any, ...]]:
    """The id of each host, and its capacity and usage of the wanted classes, which have to fit, and of `more` other ones.

    Summing claims is the dearest part, so each sum is made once: those of wanted classes in an inner statement, which its OFFSET
    keeps databases from dissolving into the outer one; those of other classes only for the hosts that are left. The inner one's
    order is the outer one's, too: saying so again would make SQLite sort every host before the first is returned.
    """
    wanted = shape.resources
    stock = [INVENTORIES.alias(f"stock{at}") for at in range(wanted)]
    figures = [
        column
        for at, each in enumerate(stock)
        for column in (capacity_of(each.c).label(f"capacity{at}"), used_of(each).label(f"used{at}"))
    ]
    conditions = [*_conditions(shape).values(), *(_somewhere(at) for at in range(shape.inside))]
    for at, each in enumerate(stock):
        conditions += [each.c.provider_id == H.id, each.c.resource_class == _class(at), allows(each.c, _amount(at))]
    able = sa.select(H.id, *figures).where(*conditions).order_by(H.id).offset(0).subquery("able")
    fit = [able.c[f"capacity{at}"] >= able.c[f"used{at}"] + _amount(at) for at in range(wanted)]
    rest = [column for at in range(wanted, wanted + more) for column in _of_chosen(able.c.id, at)]
    return Query(sa.select(*able.c, *rest).where(*fit).limit(sa.bindparam("limit", type_=sa.Integer())))


def _of_chosen(host_id: Any, at: int) -> list[Any]:
    """Capacity and usage of a class of one host; None without it."""
    stock = INVENTORIES.alias(f"stock{at}")
    here = (stock.c.provider_id == host_id, stock.c.resource_class == _class(at))
    return [sa.select(figure).where(*here).scalar_subquery() for figure in (capacity_of(stock.c), used_of(stock))]


@cache
def _verdicts(shape: _Shape) -> Query[Verdict]:
    figures = [column for at in range(shape.resources) for column in (_free(at), _holds(at))]
    flags = [condition.label(name) for name, condition in _conditions(shape).items()]
    return Query(sa.select(H.id, H.hostname, *flags, *figures).order_by(H.id), Verdict.of)


def _shape(wanted: Wanted) -> _Shape:
    return _Shape(
        len(wanted.resources),
        len(wanted.aggregates),
        wanted.hosts is not None,
        bool(wanted.excluded),
        bool(wanted.required),
        bool(wanted.forbidden),
        bool(wanted.not_in),
        len(wanted.inside.classes()),
    )


def _parameters(wanted: Wanted, stamp: str) -> dict[str, Any]:
    required = list(dict.fromkeys(wanted.required))
    found: dict[str, Any] = {"stamp": stamp, "now_stamp": stamp, "required": required, "required_count": len(required)}
    found |= {"forbidden": wanted.forbidden, "hosts": wanted.hosts or [], "excluded": wanted.excluded, "not_in": wanted.not_in}
    found |= {f"class{at}": name for at, name in enumerate(wanted.resources)}
    found |= {f"amount{at}": amount for at, amount in enumerate(wanted.resources.values())}
    return found | {f"in{at}": group for at, group in enumerate(wanted.aggregates)}


async def fitting(tx: Reader, wanted: Wanted, limit: int) -> list[tuple[str, dict[str, tuple[float, int]]]]:
    """The first `limit` hosts that can hold it, by id: each with (capacity, used) of what is wanted, and of HOST_CLASSES.

    Of what is wanted inside, only that there is some of it.
    """
    more = [name for name in HOST_CLASSES if name not in wanted.resources]
    classes = [*wanted.resources, *more]
    given = _parameters(wanted, tx.stamp) | {f"class{at}": name for at, name in enumerate(classes)}
    given |= {f"inside{at}": name for at, name in enumerate(wanted.inside.classes())}
    rows = await tx.all(_fitting(_shape(wanted), len(more)), **given, limit=limit)
    return [
        (row[0], {name: (row[2 * at + 1], row[2 * at + 2]) for at, name in enumerate(classes) if row[2 * at + 1] is not None})
        for row in rows
    ]


async def verdicts(tx: Reader, wanted: Wanted) -> list[Verdict]:
    """Every host, with what speaks against it."""
    return await tx.all(_verdicts(_shape(wanted)), **_parameters(wanted, tx.stamp))
