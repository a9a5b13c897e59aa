"""Claims, and the guard they pass."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among, values
from ..model import Claim
from .inventories import USED, capacity_of
from .providers import PROVIDERS
from .tables import CLAIMS, INVENTORIES

T = CLAIMS.c

OF_CONSUMER = Query(
    sa.select(CLAIMS).where(T.consumer_id == sa.bindparam("consumer_id")).order_by(T.provider_id, T.resource_class), Claim
)
OF_CONSUMERS = Query(
    sa.select(CLAIMS).where(among(T.consumer_id, "consumer_ids")).order_by(T.consumer_id, T.provider_id, T.resource_class), Claim
)
ON_PROVIDER = Query(
    sa.select(CLAIMS).where(T.provider_id == sa.bindparam("provider_id")).order_by(T.consumer_id, T.resource_class), Claim
)
EVERYTHING = Query(sa.select(CLAIMS).order_by(T.consumer_id, T.provider_id, T.resource_class), Claim)
PUT: Query[Any] = Query(sa.insert(CLAIMS).values({c.name: sa.bindparam(c.name, type_=c.type) for c in CLAIMS.columns}))
_IN_TREE = T.provider_id.in_(sa.select(PROVIDERS.c.id).where(PROVIDERS.c.root_id == sa.bindparam("b_root")))
IN_TREE = Query(
    sa.select(CLAIMS).where(T.consumer_id == sa.bindparam("b_from"), _IN_TREE).order_by(T.provider_id, T.resource_class), Claim
)
DROP = Query(sa.delete(CLAIMS).where(T.consumer_id == sa.bindparam("b_from"), _IN_TREE).returning(*CLAIMS.columns), Claim)
DROP_ALL = Query(sa.delete(CLAIMS).where(T.consumer_id == sa.bindparam("consumer_id")).returning(*CLAIMS.columns), Claim)
HAND_OVER = Query(
    sa.update(CLAIMS)
    .where(T.consumer_id == sa.bindparam("b_from"), _IN_TREE)
    .values(consumer_id=sa.bindparam("consumer_id"), epoch=sa.bindparam("epoch", type_=sa.BigInteger()))
    .returning(*CLAIMS.columns),
    Claim,
)
BY_TREE: Query[tuple[str, str, int]] = Query(
    sa.select(PROVIDERS.c.root_id, T.resource_class, sa.func.sum(T.amount))
    .select_from(CLAIMS.join(PROVIDERS, PROVIDERS.c.id == T.provider_id))
    .where(T.consumer_id == sa.bindparam("consumer_id"))
    .group_by(PROVIDERS.c.root_id, T.resource_class)
    .order_by(PROVIDERS.c.root_id, T.resource_class)
)
COUNT: Query[tuple[int]] = Query(sa.select(sa.func.count(sa.distinct(T.consumer_id))).where(among(T.provider_id, "provider_ids")))


def fits(inventory: Any, used: Any, amount: Any) -> sa.ColumnElement[bool]:
    """Whether `amount` more of an inventory may be claimed. The statement gets the parameter `now_stamp`."""
    return sa.and_(used + amount <= capacity_of(inventory), allows(inventory, amount))


def allows(inventory: Any, amount: Any) -> sa.ColumnElement[bool]:
    """Whether `amount` may be claimed at once, however much is used."""
    return sa.and_(
        amount >= inventory.min_unit,
        amount <= inventory.max_unit,
        amount % inventory.step_size == 0,
    )


@cache
def _guarded(count: int) -> Query[Any]:
    """Insert `count` classes' rows, or none unless all of them fit and the consumer claims nothing there."""
    i = INVENTORIES.c
    names = [sa.bindparam(f"class{at}", type_=sa.Text()) for at in range(count)]
    amounts = [sa.bindparam(f"amount{at}", type_=sa.BigInteger()) for at in range(count)]
    amount = sa.case(*((i.resource_class == name, value) for name, value in zip(names, amounts, strict=True)))
    here = sa.and_(i.provider_id == sa.bindparam("provider_id", type_=sa.Text()), i.resource_class.in_(names))
    fitting = sa.select(sa.func.count()).select_from(INVENTORIES).where(here, fits(i, USED, amount)).scalar_subquery()
    consumer = sa.bindparam("consumer_id", type_=sa.Text())
    provider = sa.bindparam("provider_id", type_=sa.Text())
    taken = sa.exists().where(T.consumer_id == consumer, T.provider_id == provider)
    o = INVENTORIES.alias().c
    rows = sa.select(
        consumer,
        o.provider_id,
        o.resource_class,
        sa.case(*((o.resource_class == name, value) for name, value in zip(names, amounts, strict=True))),
        sa.bindparam("epoch", type_=sa.BigInteger()),
        sa.bindparam("stamp", type_=sa.Text()),
    ).where(o.provider_id == provider, o.resource_class.in_(names), fitting == count, sa.not_(taken))
    return Query(sa.insert(CLAIMS).from_select([c.name for c in CLAIMS.columns], rows))


async def insert(tx: Tx, claim: Claim, resources: dict[str, int]) -> bool:
    """Insert a row for each of `resources`, with the other fields of `claim`.

    False, and nothing, unless all of them fit and the consumer claims nothing there. The caller has touched the provider
    in this transaction.
    """
    classes = {f"class{at}": name for at, name in enumerate(resources)}
    amounts = {f"amount{at}": amount for at, amount in enumerate(resources.values())}
    inserted = await tx.do(
        _guarded(len(resources)),
        consumer_id=claim.consumer_id,
        provider_id=claim.provider_id,
        epoch=claim.epoch,
        stamp=claim.created_at,
        now_stamp=tx.stamp,
        **classes,
        **amounts,
    )
    return inserted == len(resources)


async def put(tx: Tx, claim: Claim) -> None:
    """Insert one row. The caller has touched the provider in this transaction and checked that there is room."""
    await tx.do(PUT, **values(claim))


async def of_consumer(tx: Reader, consumer_id: str) -> list[Claim]:
    """What a consumer holds, by provider."""
    return await tx.all(OF_CONSUMER, consumer_id=consumer_id)


async def of_consumers(tx: Reader, consumer_ids: list[str]) -> list[Claim]:
    """What these consumers hold, by consumer and provider."""
    return await tx.all(OF_CONSUMERS, consumer_ids=consumer_ids)


async def on_provider(tx: Reader, provider_id: str) -> list[Claim]:
    """Who claims what of a provider."""
    return await tx.all(ON_PROVIDER, provider_id=provider_id)


async def everything(tx: Reader) -> list[Claim]:
    """Every claim on every provider: for a recount."""
    return await tx.all(EVERYTHING)


async def by_tree(tx: Reader, consumer_id: str) -> list[tuple[str, str, int]]:
    """(root id, resource class, amount) of all that a consumer holds, sums of whole trees."""
    return [(root_id, name, int(amount)) for root_id, name, amount in await tx.all(BY_TREE, consumer_id=consumer_id)]


async def in_tree(tx: Reader, consumer_id: str, root_id: str) -> list[Claim]:
    """What a consumer holds of a root and of what is below it, by provider."""
    return await tx.all(IN_TREE, b_from=consumer_id, b_root=root_id)


async def drop(tx: Tx, consumer_id: str, root_id: str) -> list[Claim]:
    """Delete a consumer's claims on one root and what is below it, and return what they were."""
    return await tx.all(DROP, b_from=consumer_id, b_root=root_id)


async def drop_all(tx: Tx, consumer_id: str) -> list[Claim]:
    """Delete all of a consumer's claims, and return what they were."""
    return await tx.all(DROP_ALL, consumer_id=consumer_id)


async def hand_over(tx: Tx, giver_id: str, taker_id: str, root_id: str, epoch: int) -> list[Claim]:
    """What one consumer holds of a root and what is below it, another one holds, since its own epoch; what that is now."""
    return await tx.all(HAND_OVER, b_from=giver_id, b_root=root_id, consumer_id=taker_id, epoch=epoch)


async def holders(tx: Reader, provider_ids: list[str]) -> int:
    """How many consumers claim something of these providers."""
    found = await tx.one(COUNT, provider_ids=provider_ids)
    return found[0] if found else 0
