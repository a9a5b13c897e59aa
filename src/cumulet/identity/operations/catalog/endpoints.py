"""Endpoints: where services are reached."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx, values
from ....kernel.errors import Invalid, NotFound
from ...model import Endpoint
from ...store import catalog, policies


async def get(tx: Reader, endpoint_id: str) -> Endpoint:
    """An endpoint. Raises NotFound."""
    found = await tx.one(catalog.GET_ENDPOINT, key=endpoint_id)
    if found is None:
        raise NotFound(f"Could not find endpoint: {endpoint_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[Endpoint]:
    """Endpoints."""
    return await catalog.ENDPOINT_LISTING.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any]) -> Endpoint:
    """A new endpoint. Raises Invalid for an unknown service or region."""
    endpoint = Endpoint(id=ids.new_hex(), **fields)
    await _check(tx, endpoint)
    await tx.do(catalog.INSERT_ENDPOINT, **values(endpoint))
    tx.signal("identity", endpoint.id)
    return endpoint


async def _check(tx: Reader, endpoint: Endpoint) -> None:
    if await tx.one(catalog.GET_SERVICE, key=endpoint.service_id) is None:
        raise Invalid(f"Invalid input for field/attribute service_id. There is no service {endpoint.service_id}.")
    if endpoint.region_id and await tx.one(catalog.GET_REGION, key=endpoint.region_id) is None:
        raise Invalid(f"Invalid input for field/attribute region_id. There is no region {endpoint.region_id}.")


async def update(tx: Tx, endpoint: Endpoint, changes: dict[str, Any]) -> Endpoint:
    """Change an endpoint. Raises Invalid for an unknown service or region."""
    changed = msgspec.structs.replace(endpoint, **changes)
    await _check(tx, changed)
    await tx.do(catalog.UPDATE_ENDPOINT, b_key=endpoint.id, **values(changed))
    tx.signal("identity", endpoint.id)
    return changed


async def delete(tx: Tx, endpoint_id: str) -> None:
    """Delete an endpoint. Raises NotFound."""
    await get(tx, endpoint_id)
    await policies.forget(tx, "endpoint_id", endpoint_id)
    await tx.do(catalog.DELETE_ENDPOINT, key=endpoint_id)
    tx.signal("identity", endpoint_id)
