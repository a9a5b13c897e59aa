"""Endpoints. https://docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints"""

from __future__ import annotations

from typing import Any

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.catalog import endpoints, regions
from .. import fields
from . import bodies, views

PAGING = fields.paging(interface=Filter("interface"), service_id=Filter("service_id"), region_id=Filter("region_id"))


async def _one_region(request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """`region` is the old name of `region_id`, from the time when nobody had to make regions first; the new name wins."""
    old = given.pop("region", None)
    if old is not None and given.get("region_id") is None:
        given["region_id"] = old
        await regions.ensure(request.tx, old)
    return given


async def create(request: Request, body: bodies.NewEndpoint) -> Response:
    """Create an endpoint."""
    made = await endpoints.create(request.tx, await _one_region(request, fields.fields(request, "endpoint", body)))
    return created({"endpoint": views.endpoint(request, made)})


async def index(request: Request) -> Response:
    """List endpoints."""
    found = await endpoints.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "endpoints", [views.endpoint(request, e) for e in found]))


async def show(request: Request, endpoint_id: str) -> Response:
    """Show an endpoint."""
    return ok({"endpoint": views.endpoint(request, await endpoints.get(request.reader, endpoint_id))})


async def update(request: Request, endpoint_id: str, body: bodies.EndpointChanges) -> Response:
    """Change an endpoint."""
    known = await endpoints.get(request.tx, endpoint_id)
    changes = await _one_region(request, fields.changes(request, "endpoint", body, known.extra))
    return ok({"endpoint": views.endpoint(request, await endpoints.update(request.tx, known, changes))})


async def delete(request: Request, endpoint_id: str) -> Response:
    """Delete an endpoint."""
    await endpoints.delete(request.tx, endpoint_id)
    return no_content()
