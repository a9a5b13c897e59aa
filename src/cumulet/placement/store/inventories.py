"""Inventories, and how much of each is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, among, values
from ..model import Figures, Inventory
from .tables import CLAIMS, INVENTORIES

T = INVENTORIES.c


def used_of(inventory: sa.FromClause) -> sa.ScalarSelect[int]:
    """What is claimed of the inventory that the enclosing statement is at: `INVENTORIES`, or an alias of it."""
    claimed = sa.select(sa.func.coalesce(sa.func.sum(CLAIMS.c.amount), 0))
    here = (CLAIMS.c.provider_id == inventory.c.provider_id, CLAIMS.c.resource_class == inventory.c.resource_class)
    return claimed.where(*here).correlate(inventory).scalar_subquery()


USED = used_of(INVENTORIES)

NOW = sa.bindparam("now_stamp", type_=sa.Text())
"""The transaction's stamp: whoever runs a statement with a capacity in it says what time it is, for a grant ends by the clock."""


def granted(inventory: Any) -> sa.ColumnElement[bool]:
    """Whether a grant is in force (C3)."""
    return sa.and_(inventory.granted_until.is_not(None), inventory.granted_until > NOW)


def ratio_of(inventory: Any) -> sa.ColumnElement[float]:
    """The ratio in force."""
    return sa.case((granted(inventory), inventory.granted_ratio), else_=inventory.allocation_ratio)


def kept_of(inventory: Any) -> sa.ColumnElement[int]:
    """What is kept for the host itself: its reserve, or what it uses if that is more (M19)."""
    return sa.case((inventory.own_use > inventory.reserved, inventory.own_use), else_=inventory.reserved)


def capacity_of(inventory: Any) -> Any:
    """How much can be claimed, not yet rounded down."""
    return (inventory.total - kept_of(inventory) - inventory.unmanaged) * ratio_of(inventory)


_OWN = ("unmanaged", "granted_ratio", "granted_until", "own_use", "own_use_at")
"""What is not set with the rest, and stays when the rest is."""

_STATED = [c for c in INVENTORIES.columns if c.name not in _OWN]
_columns = {c.name: sa.bindparam(c.name, type_=c.type) for c in _STATED}
_insert = insert(INVENTORIES).values(_columns)
PUT: Query[Any] = Query(
    _insert.on_conflict_do_update(
        index_elements=["provider_id", "resource_class"],
        set_={name: _insert.excluded[name] for name in _columns if name not in ("provider_id", "resource_class")},
    )
)
OF_PROVIDER = Query(sa.select(*_STATED).where(T.provider_id == sa.bindparam("provider_id")).order_by(T.resource_class), Inventory)
FIGURES: Query[tuple[Any, ...]] = Query(
    sa.select(
        T.provider_id,
        T.resource_class,
        T.total,
        T.reserved,
        ratio_of(T),
        USED,
        T.min_unit,
        T.max_unit,
        T.step_size,
        T.total_source,
        T.reserved_source,
        sa.case((granted(T), "grant"), else_=T.ratio_source),
        T.unmanaged,
        T.own_use,
        T.own_use_at,
    )
    .where(among(T.provider_id, "provider_ids"))
    .order_by(T.provider_id, T.resource_class)
)
DELETE: Query[Any] = Query(
    sa.delete(INVENTORIES).where(T.provider_id == sa.bindparam("provider_id"), among(T.resource_class, "classes"))
)
_ONE = sa.and_(T.provider_id == sa.bindparam("b_id"), T.resource_class == sa.bindparam("b_class"))
SET_UNMANAGED: Query[Any] = Query(sa.update(INVENTORIES).where(_ONE).values(unmanaged=sa.bindparam("unmanaged")))
SET_OWN_USE: Query[Any] = Query(
    sa.update(INVENTORIES).where(_ONE).values(own_use=sa.bindparam("own_use"), own_use_at=sa.bindparam("at", type_=sa.Text()))
)
SET_GRANT: Query[Any] = Query(
    sa.update(INVENTORIES)
    .where(_ONE)
    .values(granted_ratio=sa.bindparam("ratio", type_=sa.Double()), granted_until=sa.bindparam("until", type_=sa.Text()))
)
CLEAR: Query[Any] = Query(sa.delete(INVENTORIES).where(T.provider_id == sa.bindparam("provider_id")))


async def put(tx: Tx, inventories: Iterable[Inventory]) -> None:
    """Insert or replace."""
    for inventory in inventories:
        await tx.do(PUT, **values(inventory))


async def of_provider(tx: Reader, provider_id: str) -> dict[str, Inventory]:
    """A provider's inventories by resource class."""
    return {found.resource_class: found for found in await tx.all(OF_PROVIDER, provider_id=provider_id)}


async def figures(tx: Reader, provider_ids: list[str]) -> dict[str, dict[str, Figures]]:
    """Inventories with their usage, by provider and resource class, in one statement."""
    found: dict[str, dict[str, Figures]] = {provider_id: {} for provider_id in provider_ids}
    for provider_id, resource_class, *rest in await tx.all(FIGURES, provider_ids=provider_ids, now_stamp=tx.stamp):
        found[provider_id][resource_class] = Figures(*rest)
    return found


async def remove(tx: Tx, provider_id: str, classes: list[str]) -> int:
    """Delete these classes' inventories and return how many there were. Raises Duplicate if one is claimed from."""
    return await tx.do(DELETE, provider_id=provider_id, classes=classes)


async def clear(tx: Tx, provider_id: str) -> None:
    """Delete all of a provider's inventories. Raises Duplicate if one is claimed from."""
    await tx.do(CLEAR, provider_id=provider_id)


async def set_unmanaged(tx: Tx, provider_id: str, resource_class: str, amount: int) -> None:
    """How much is taken by guests that nobody knows."""
    await tx.do(SET_UNMANAGED, b_id=provider_id, b_class=resource_class, unmanaged=amount)


async def set_own_use(tx: Tx, provider_id: str, resource_class: str, amount: int) -> None:
    """How much the host itself uses; 0 if its reserve is enough."""
    await tx.do(SET_OWN_USE, b_id=provider_id, b_class=resource_class, own_use=amount, at=tx.stamp)


async def set_grant(tx: Tx, provider_id: str, resource_class: str, ratio: float | None, until: str | None) -> bool:
    """Another ratio until a stamp, or none; False without such an inventory."""
    return await tx.do(SET_GRANT, b_id=provider_id, b_class=resource_class, ratio=ratio, until=until) == 1
