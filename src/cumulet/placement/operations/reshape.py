"""Moving inventory from one provider to another under the claims that are on it, in one transaction."""

from __future__ import annotations

from ...kernel.db import Tx
from ...kernel.errors import Invalid
from ..store import providers as provider_store
from . import allocations, inventories, providers
from .allocations import Allocation
from .inventories import Stocks


async def reshape(tx: Tx, stocks: dict[str, tuple[Stocks, int]], wanted: list[Allocation]) -> None:
    """Replace the inventories of these providers (id to stock and generation), and what these consumers hold.

    Raises Invalid for unknown providers and classes; Conflict for an outdated generation, for what does not fit, and for a
    class that goes while somebody still claims from it.
    """
    unknown = set(stocks) - set(await provider_store.among_ids(tx, sorted(stocks)))
    if unknown:
        raise Invalid(
            f"Resource provider {', '.join(sorted(unknown))} in inventories not found.", code="resource_provider.not_found"
        )
    for provider_id, (stock, generation) in sorted(stocks.items()):
        await providers.advance(tx, provider_id, generation)
        await inventories.check(tx, stock)
        await inventories.put(tx, provider_id, stock)
    await allocations.put(tx, wanted)
    for provider_id, (stock, _) in sorted(stocks.items()):
        if stock:
            await providers.advance(tx, provider_id)
        await inventories.drop_others(tx, provider_id, stock)
