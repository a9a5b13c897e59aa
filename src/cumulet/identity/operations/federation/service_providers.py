"""Service providers: other clouds that trust this one's users."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ...model import ServiceProvider
from ...store.federation import service_providers


async def get(tx: Reader, sp_id: str) -> ServiceProvider:
    """A service provider. Raises NotFound."""
    found = await service_providers.find(tx, sp_id)
    if found is None:
        raise NotFound(f"Could not find Service Provider: {sp_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[ServiceProvider]:
    """Service providers."""
    return await service_providers.page(tx, wanted)


async def create(tx: Tx, sp_id: str, fields: dict[str, Any]) -> ServiceProvider:
    """A new one. Raises Conflict for a known id."""
    if await service_providers.find(tx, sp_id) is not None:
        raise Conflict(f"Conflict occurred attempting to store service_provider - Duplicate entry: {sp_id}.")
    made = ServiceProvider(id=sp_id, **fields)
    await service_providers.add(tx, made)
    tx.signal("identity", sp_id)
    return made


async def update(tx: Tx, sp_id: str, changes: dict[str, Any]) -> ServiceProvider:
    """Change one. Raises NotFound."""
    changed = msgspec.structs.replace(await get(tx, sp_id), **changes)
    await service_providers.save(tx, changed)
    tx.signal("identity", sp_id)
    return changed


async def delete(tx: Tx, sp_id: str) -> None:
    """Delete one. Raises NotFound."""
    await get(tx, sp_id)
    await service_providers.remove(tx, sp_id)
    tx.signal("identity", sp_id)
