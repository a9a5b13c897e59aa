"""How much a provider has. What the API sets is marked so (C6), and stays when the host or the configuration changes."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ..model import UNLIMITED, Figures, Inventory, capacity
from ..rules import PAGES
from ..store import inventories as store
from . import classes, overcommit, providers

CAUSE = "The inventory was changed by the API."


class Stock(Struct, frozen=True):
    """What to set of one resource class."""

    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = UNLIMITED
    step_size: int = 1
    allocation_ratio: float = 1.0

    def capacity(self) -> int:
        """How much could be claimed."""
        return capacity(self.total, self.reserved, self.allocation_ratio)


Stocks = dict[str, Stock]
"""Stock by resource class."""


async def of_provider(tx: Reader, provider_id: str) -> dict[str, Inventory]:
    """A provider's inventories by resource class."""
    return await store.of_provider(tx, provider_id)


async def add(tx: Tx, provider_id: str, resource_class: str, stock: Stock) -> tuple[Inventory, int]:
    """Set a class that the provider does not have yet; what is stored, and the generation after that.

    Raises NotFound, Invalid for an unknown class or a negative capacity, Conflict if it has it.
    """
    grown = await providers.advance(tx, provider_id)
    await check(tx, {resource_class: stock})
    known = await store.of_provider(tx, provider_id)
    if resource_class in known:
        raise Conflict(f"Provider {provider_id} has inventory of {resource_class} already.", code="concurrent_update")
    inventory = merged(provider_id, resource_class, stock, None, tx.stamp)
    async with overcommit.watch(tx, provider_id, CAUSE):
        await store.put(tx, [inventory])
    return inventory, grown


async def update(tx: Tx, provider_id: str, resource_class: str, stock: Stock, generation: int) -> tuple[Inventory, int]:
    """Change a class that the provider has, even below what is claimed (C7); what is stored, and the generation after that.

    Raises NotFound, Conflict unless `generation` is the provider's, Invalid if it does not have the class.
    """
    grown = await providers.advance(tx, provider_id, generation)
    await check(tx, {resource_class: stock})
    known = (await store.of_provider(tx, provider_id)).get(resource_class)
    if known is None:
        raise Invalid(f"Provider {provider_id} has no inventory of {resource_class}.")
    inventory = merged(provider_id, resource_class, stock, known, tx.stamp)
    async with overcommit.watch(tx, provider_id, CAUSE):
        await store.put(tx, [inventory])
    return inventory, grown


async def replace(tx: Tx, provider_id: str, stocks: Stocks, generation: int | None = None) -> int:
    """The provider has exactly this, even below what is claimed (C7); its generation after that.

    Raises NotFound, Invalid, and Conflict if a class that goes is claimed from or `generation`, if given, is not the
    provider's.
    """
    grown = await providers.advance(tx, provider_id, generation)
    await check(tx, stocks)
    await put(tx, provider_id, stocks)
    await drop_others(tx, provider_id, stocks)
    return grown


async def put(tx: Tx, provider_id: str, stocks: Stocks) -> None:
    """Set these classes, and leave the others. The caller has advanced the provider."""
    known = await store.of_provider(tx, provider_id)
    async with overcommit.watch(tx, provider_id, CAUSE):
        await store.put(tx, [merged(provider_id, name, stock, known.get(name), tx.stamp) for name, stock in stocks.items()])


async def drop_others(tx: Tx, provider_id: str, stocks: Stocks) -> None:
    """Delete every class but these. Raises Conflict if one is claimed from."""
    figures = (await store.figures(tx, [provider_id]))[provider_id]
    gone = [name for name in figures if name not in stocks]
    used = [name for name in gone if figures[name].used]
    if used:
        raise in_use(provider_id, used)
    async with overcommit.watch(tx, provider_id, CAUSE):
        await store.remove(tx, provider_id, gone)


async def delete(tx: Tx, provider_id: str, resource_class: str) -> None:
    """Delete one class. Raises NotFound, and Conflict if it is claimed from."""
    await providers.advance(tx, provider_id)
    figures = (await store.figures(tx, [provider_id]))[provider_id].get(resource_class)
    if figures is None:
        raise NotFound(f"No inventory of class {resource_class} found for provider {provider_id}.")
    if figures.used:
        raise Conflict(in_use(provider_id, [resource_class]).message, code="concurrent_update")
    async with overcommit.watch(tx, provider_id, CAUSE):
        await store.remove(tx, provider_id, [resource_class])


async def usage(tx: Reader, provider_id: str) -> dict[str, Figures]:
    """What a provider has and how much of it is claimed."""
    return (await store.figures(tx, [provider_id]))[provider_id]


async def check(tx: Tx, stocks: Stocks) -> None:
    """Raise Invalid unless each class exists and has a capacity of at least 0."""
    await classes.check(tx, stocks)
    for name, stock in stocks.items():
        if stock.capacity() < 0:
            raise Invalid(f"Invalid inventory for {name}: the reserved value ({stock.reserved}) exceeds the total ({stock.total}).")
        if name.startswith(PAGES) and stock.allocation_ratio > 1:
            raise Invalid(f"Invalid inventory for {name}: huge pages cannot be overcommitted, allocation_ratio must be at most 1.")


def in_use(provider_id: str, names: list[str]) -> Conflict:
    """Something claims from what should go."""
    return Conflict(f"Inventory for {', '.join(names)} on resource provider {provider_id} in use.", code="inventory.inuse")


def merged(provider_id: str, name: str, stock: Stock, known: Inventory | None, stamp: str) -> Inventory:
    """What to store: a figure that stays as it is keeps its source (C6)."""

    def source(field: str, of: str) -> str:
        same = known is not None and getattr(known, field) == getattr(stock, field)
        return str(getattr(known, of)) if same else "api"

    return Inventory(
        provider_id,
        name,
        stock.total,
        stock.reserved,
        stock.min_unit,
        stock.max_unit,
        stock.step_size,
        stock.allocation_ratio,
        source("total", "total_source"),
        source("reserved", "reserved_source"),
        source("allocation_ratio", "ratio_source"),
        stamp,
    )
