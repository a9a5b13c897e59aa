"""Services of the catalog."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx, values
from ....kernel.errors import Forbidden, NotFound
from ...model import CatalogService
from ...rules import some
from ...store import catalog, limits, policies


async def get(tx: Reader, service_id: str) -> CatalogService:
    """A service. Raises NotFound."""
    found = await tx.one(catalog.GET_SERVICE, key=service_id)
    if found is None:
        raise NotFound(f"Could not find service: {service_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[CatalogService]:
    """Services."""
    return await catalog.SERVICE_LISTING.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any]) -> CatalogService:
    """A new service."""
    service = CatalogService(id=ids.new_hex(), **fields)
    await tx.do(catalog.INSERT_SERVICE, **values(service))
    return service


async def update(tx: Tx, service: CatalogService, changes: dict[str, Any]) -> CatalogService:
    """Change a service."""
    changed = msgspec.structs.replace(service, **changes)
    await tx.do(catalog.UPDATE_SERVICE, b_key=service.id, **values(changed))
    tx.signal("identity", service.id)
    return changed


async def delete(tx: Tx, service_id: str) -> None:
    """Delete a service and its endpoints. Raises NotFound, and Forbidden while limits are registered for it."""
    await get(tx, service_id)
    used = await limits.page_registered(tx, Page().where("service_id", service_id))
    if used:
        names = some([limit.id for limit in used])
        raise Forbidden(f"Unable to delete service {service_id} because it has associated registered limits: {names}.")
    await policies.forget(tx, "service_id", service_id)
    await tx.do(catalog.DELETE_SERVICE, key=service_id)
    tx.signal("identity", service_id)
