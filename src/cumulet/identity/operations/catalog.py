"""Regions, services, endpoints, and the catalog that tokens carry."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ...kernel import ids
from ...kernel.db import Database, Page, Query, Reader, Tx, values
from ...kernel.errors import Conflict, Invalid, NotFound
from ..model import CatalogService, Endpoint, Region
from ..store import catalog

R = TypeVar("R", Region, CatalogService, Endpoint)


async def _get(tx: Reader, query: Query[R], what: str, key: str) -> R:
    found = await tx.one(query, key=key)
    if found is None:
        raise NotFound(f"Could not find {what}: {key}.")
    return found


async def get_region(tx: Reader, region_id: str) -> Region:
    """A region. Raises NotFound."""
    return await _get(tx, catalog.GET_REGION, "region", region_id)


async def get_service(tx: Reader, service_id: str) -> CatalogService:
    """A service of the catalog. Raises NotFound."""
    return await _get(tx, catalog.GET_SERVICE, "service", service_id)


async def get_endpoint(tx: Reader, endpoint_id: str) -> Endpoint:
    """An endpoint. Raises NotFound."""
    return await _get(tx, catalog.GET_ENDPOINT, "endpoint", endpoint_id)


async def regions(tx: Reader, wanted: Page) -> list[Region]:
    """Regions."""
    return await catalog.REGION_LISTING.page(tx, wanted)


async def services(tx: Reader, wanted: Page) -> list[CatalogService]:
    """Services."""
    return await catalog.SERVICE_LISTING.page(tx, wanted)


async def endpoints(tx: Reader, wanted: Page) -> list[Endpoint]:
    """Endpoints."""
    return await catalog.ENDPOINT_LISTING.page(tx, wanted)


async def create_region(tx: Tx, region: Region) -> Region:
    """A new region. Raises Conflict if the id is taken, NotFound for an unknown parent."""
    region = msgspec.structs.replace(region, id=region.id or ids.new_hex())
    if await tx.one(catalog.GET_REGION, key=region.id):
        raise Conflict(f"Conflict occurred attempting to store region - Duplicate ID, {region.id}.")
    await _check_parent(tx, region)
    await tx.do(catalog.INSERT_REGION, **values(region))
    return region


async def _check_parent(tx: Reader, region: Region) -> None:
    above, seen = region.parent_region_id, {region.id}
    while above:
        if above in seen:
            raise Invalid("Invalid input for field/attribute parent_region_id. Regions may not form a circle.")
        seen.add(above)
        above = (await get_region(tx, above)).parent_region_id


async def update_region(tx: Tx, region: Region, changes: dict[str, Any]) -> Region:
    """Change a region. Raises NotFound, Invalid."""
    changed = msgspec.structs.replace(region, **changes)
    await _check_parent(tx, changed)
    await tx.do(catalog.UPDATE_REGION, b_key=region.id, **values(changed))
    tx.signal("identity", region.id)
    return changed


async def delete_region(tx: Tx, region_id: str) -> None:
    """Delete a region. Raises Conflict while endpoints or other regions are in it."""
    await get_region(tx, region_id)
    if await endpoints(tx, Page(limit=1).where("region_id", region_id)):
        raise Conflict(f"Region {region_id} has endpoints; delete them first.")
    if await regions(tx, Page(limit=1).where("parent_region_id", region_id)):
        raise Conflict(f"Region {region_id} has regions below it; delete them first.")
    await tx.do(catalog.DELETE_REGION, key=region_id)


async def create_service(tx: Tx, fields: dict[str, Any]) -> CatalogService:
    """A new service in the catalog."""
    service = CatalogService(id=ids.new_hex(), **fields)
    await tx.do(catalog.INSERT_SERVICE, **values(service))
    return service


async def update_service(tx: Tx, service: CatalogService, changes: dict[str, Any]) -> CatalogService:
    """Change a service."""
    changed = msgspec.structs.replace(service, **changes)
    await tx.do(catalog.UPDATE_SERVICE, b_key=service.id, **values(changed))
    tx.signal("identity", service.id)
    return changed


async def delete_service(tx: Tx, service_id: str) -> None:
    """Delete a service and its endpoints."""
    await get_service(tx, service_id)
    await tx.do(catalog.DELETE_SERVICE, key=service_id)
    tx.signal("identity", service_id)


async def create_endpoint(tx: Tx, fields: dict[str, Any]) -> Endpoint:
    """A new endpoint, and its region if that is new. Raises Invalid for an unknown service."""
    endpoint = Endpoint(id=ids.new_hex(), **fields)
    await _check_endpoint(tx, endpoint)
    await tx.do(catalog.INSERT_ENDPOINT, **values(endpoint))
    tx.signal("identity", endpoint.id)
    return endpoint


async def _check_endpoint(tx: Tx, endpoint: Endpoint) -> None:
    """The service must exist; a region that does not is made, as Keystone does."""
    if await tx.one(catalog.GET_SERVICE, key=endpoint.service_id) is None:
        raise Invalid(f"Invalid input for field/attribute service_id. There is no service {endpoint.service_id}.")
    if endpoint.region_id and await tx.one(catalog.GET_REGION, key=endpoint.region_id) is None:
        await create_region(tx, Region(endpoint.region_id, "", None, {}))


async def update_endpoint(tx: Tx, endpoint: Endpoint, changes: dict[str, Any]) -> Endpoint:
    """Change an endpoint. Raises Invalid for an unknown service."""
    changed = msgspec.structs.replace(endpoint, **changes)
    await _check_endpoint(tx, changed)
    await tx.do(catalog.UPDATE_ENDPOINT, b_key=endpoint.id, **values(changed))
    tx.signal("identity", endpoint.id)
    return changed


async def delete_endpoint(tx: Tx, endpoint_id: str) -> None:
    """Delete an endpoint."""
    await get_endpoint(tx, endpoint_id)
    await tx.do(catalog.DELETE_ENDPOINT, key=endpoint_id)
    tx.signal("identity", endpoint_id)


class Catalog:
    """The catalog as tokens carry it, kept per project until something in identity changes."""

    def __init__(self, db: Database) -> None:
        self._kept: dict[str, list[dict[str, Any]]] = {}
        db.subscribe("identity", lambda key: self._kept.clear())

    async def of(self, tx: Reader, project_id: str | None) -> list[dict[str, Any]]:
        """Every enabled service with its enabled endpoints. Without a project, endpoints whose URL needs one are left out."""
        kept = self._kept.get(project_id or "")
        if kept is None:
            kept = self._kept[project_id or ""] = await self._read(tx, project_id)
        return kept

    async def _read(self, tx: Reader, project_id: str | None) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for service_id, kind, name, endpoint_id, interface, region_id, url in await tx.all(catalog.ENABLED_ENDPOINTS):
            for pattern in ("$(project_id)s", "%(project_id)s", "$(tenant_id)s", "%(tenant_id)s"):
                url = url.replace(pattern, project_id) if project_id else url
            if "(project_id)s" in url or "(tenant_id)s" in url:
                continue
            entry = found.setdefault(service_id, {"id": service_id, "type": kind, "name": name, "endpoints": []})
            entry["endpoints"].append(
                {"id": endpoint_id, "interface": interface, "region_id": region_id, "region": region_id, "url": url}
            )
        return list(found.values())
