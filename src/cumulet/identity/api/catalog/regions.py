"""Regions. https://docs.openstack.org/api-ref/identity/v3/#regions"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...model import Region
from ...operations.catalog import regions
from .. import fields
from . import bodies, views

PAGING = fields.paging(parent_region_id=Filter("parent_region_id"))


async def create(request: Request, body: bodies.NewRegion) -> Response:
    """Create a region."""
    extra = fields.fields(request, "region", body)["extra"]
    region_id = request.params.get("region_id") or body.id or ""
    region = Region(region_id, body.description or "", body.parent_region_id, extra)
    return created({"region": views.region(request, await regions.create(request.tx, region))})


async def index(request: Request) -> Response:
    """List regions."""
    found = await regions.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "regions", [views.region(request, r) for r in found]))


async def show(request: Request, region_id: str) -> Response:
    """Show a region."""
    return ok({"region": views.region(request, await regions.get(request.reader, region_id))})


async def update(request: Request, region_id: str, body: bodies.RegionChanges) -> Response:
    """Change a region."""
    region = await regions.get(request.tx, region_id)
    changed = await regions.update(request.tx, region, fields.changes(request, "region", body, region.extra))
    return ok({"region": views.region(request, changed)})


async def delete(request: Request, region_id: str) -> Response:
    """Delete a region."""
    await regions.delete(request.tx, region_id)
    return no_content()
