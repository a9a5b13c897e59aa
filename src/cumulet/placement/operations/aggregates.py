"""Which aggregates a provider is in. Placement knows aggregates only by their ids."""

from __future__ import annotations

from ...kernel.db import Reader, Tx
from ..store import aggregates as store
from . import providers


async def of_provider(tx: Reader, provider_id: str) -> list[str]:
    """A provider's aggregates, by id."""
    return (await store.of_providers(tx, [provider_id]))[provider_id]


async def put(tx: Tx, provider_id: str, aggregate_ids: list[str]) -> None:
    """The provider is in exactly these aggregates; its generation stays. Raises NotFound."""
    await providers.get(tx, provider_id)
    await store.put(tx, provider_id, aggregate_ids)


async def put_at(tx: Tx, provider_id: str, aggregate_ids: list[str], generation: int) -> int:
    """The same for a caller that knows the provider's generation; the generation after that. Raises NotFound and Conflict."""
    grown = await providers.advance(tx, provider_id, generation)
    await store.put(tx, provider_id, aggregate_ids)
    return grown
