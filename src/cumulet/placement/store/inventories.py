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

USED = (
    sa.select(sa.func.coalesce(sa.func.sum(CLAIMS.c.amount), 0))
    .where(CLAIMS.c.provider_id == T.provider_id, CLAIMS.c.resource_class == T.resource_class)
    .correlate(INVENTORIES)
    .scalar_subquery()
)
"""What is claimed of the inventory that the enclosing statement is at."""

_columns = {c.name: sa.bindparam(c.name, type_=c.type) for c in INVENTORIES.columns}
_insert = insert(INVENTORIES).values(_columns)
PUT: Query[Any] = Query(
    _insert.on_conflict_do_update(
        index_elements=["provider_id", "resource_class"],
        set_={name: _insert.excluded[name] for name in _columns if name not in ("provider_id", "resource_class")},
    )
)
OF_PROVIDER = Query(
    sa.select(INVENTORIES).where(T.provider_id == sa.bindparam("provider_id")).order_by(T.resource_class), Inventory
)
FIGURES: Query[tuple[Any, ...]] = Query(
    sa.select(
        T.provider_id,
        T.resource_class,
        T.total,
        T.reserved,
        T.allocation_ratio,
        USED,
        T.min_unit,
        T.max_unit,
        T.step_size,
        T.total_source,
        T.reserved_source,
        T.ratio_source,
    )
    .where(among(T.provider_id, "provider_ids"))
    .order_by(T.provider_id, T.resource_class)
)
DELETE: Query[Any] = Query(
    sa.delete(INVENTORIES).where(T.provider_id == sa.bindparam("provider_id"), among(T.resource_class, "classes"))
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
    for provider_id, resource_class, *rest in await tx.all(FIGURES, provider_ids=provider_ids):
        found[provider_id][resource_class] = Figures(*rest)
    return found


async def remove(tx: Tx, provider_id: str, classes: list[str]) -> int:
    """Delete these classes' inventories and return how many there were. Raises Duplicate if one is claimed from."""
    return await tx.do(DELETE, provider_id=provider_id, classes=classes)


async def clear(tx: Tx, provider_id: str) -> None:
    """Delete all of a provider's inventories. Raises Duplicate if one is claimed from."""
    await tx.do(CLEAR, provider_id=provider_id)
