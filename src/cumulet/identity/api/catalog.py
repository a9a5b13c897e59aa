"""Regions, services and endpoints. https://docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints"""

from __future__ import annotations

from ...kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ..model import Region
from ..operations import catalog
from . import bodies, views

REGIONS = Paging(filters={"parent_region_id": Filter("parent_region_id")}, sorts={})
SERVICES = Paging(filters={"type": Filter("type"), "name": Filter("name")}, sorts={})
ENDPOINTS = Paging(
    filters={"interface": Filter("interface"), "service_id": Filter("service_id"), "region_id": Filter("region_id")}, sorts={}
)


async def create_region(request: Request, body: bodies.NewRegion) -> Response:
    """Create a region."""
    extra = bodies.fields(request, "region", body)["extra"]
    region_id = request.params.get("region_id") or body.id or ""
    region = Region(region_id, body.description or "", body.parent_region_id, extra)
    return created({"region": views.region(request, await catalog.create_region(request.tx, region))})


async def list_regions(request: Request) -> Response:
    """List regions."""
    found = await catalog.regions(request.tx, REGIONS.page(request))
    return ok(views.listed(request, "regions", [views.region(request, r) for r in found]))


async def show_region(request: Request, region_id: str) -> Response:
    """Show a region."""
    return ok({"region": views.region(request, await catalog.get_region(request.tx, region_id))})


async def update_region(request: Request, region_id: str, body: bodies.RegionChanges) -> Response:
    """Change a region."""
    region = await catalog.get_region(request.tx, region_id)
    changed = await catalog.update_region(request.tx, region, bodies.changes(request, "region", body, region.extra))
    return ok({"region": views.region(request, changed)})


async def delete_region(request: Request, region_id: str) -> Response:
    """Delete a region."""
    await catalog.delete_region(request.tx, region_id)
    return no_content()


async def create_service(request: Request, body: bodies.NewCatalogService) -> Response:
    """Create a service."""
    made = await catalog.create_service(request.tx, bodies.fields(request, "service", body))
    return created({"service": views.catalog_service(request, made)})


async def list_services(request: Request) -> Response:
    """List services."""
    found = await catalog.services(request.tx, SERVICES.page(request))
    return ok(views.listed(request, "services", [views.catalog_service(request, s) for s in found]))


async def show_service(request: Request, service_id: str) -> Response:
    """Show a service."""
    return ok({"service": views.catalog_service(request, await catalog.get_service(request.tx, service_id))})


async def update_service(request: Request, service_id: str, body: bodies.CatalogServiceChanges) -> Response:
    """Change a service."""
    known = await catalog.get_service(request.tx, service_id)
    changed = await catalog.update_service(request.tx, known, bodies.changes(request, "service", body, known.extra))
    return ok({"service": views.catalog_service(request, changed)})


async def delete_service(request: Request, service_id: str) -> Response:
    """Delete a service and its endpoints."""
    await catalog.delete_service(request.tx, service_id)
    return no_content()


async def create_endpoint(request: Request, body: bodies.NewEndpoint) -> Response:
    """Create an endpoint."""
    fields = bodies.fields(request, "endpoint", body)
    fields["region_id"] = fields["region_id"] or fields["region"]
    del fields["region"]
    return created({"endpoint": views.endpoint(request, await catalog.create_endpoint(request.tx, fields))})


async def list_endpoints(request: Request) -> Response:
    """List endpoints."""
    found = await catalog.endpoints(request.tx, ENDPOINTS.page(request))
    return ok(views.listed(request, "endpoints", [views.endpoint(request, e) for e in found]))


async def show_endpoint(request: Request, endpoint_id: str) -> Response:
    """Show an endpoint."""
    return ok({"endpoint": views.endpoint(request, await catalog.get_endpoint(request.tx, endpoint_id))})


async def update_endpoint(request: Request, endpoint_id: str, body: bodies.EndpointChanges) -> Response:
    """Change an endpoint."""
    known = await catalog.get_endpoint(request.tx, endpoint_id)
    fields = bodies.changes(request, "endpoint", body, known.extra)
    fields["extra"].pop("region", None)
    return ok({"endpoint": views.endpoint(request, await catalog.update_endpoint(request.tx, known, fields))})


async def delete_endpoint(request: Request, endpoint_id: str) -> Response:
    """Delete an endpoint."""
    await catalog.delete_endpoint(request.tx, endpoint_id)
    return no_content()
