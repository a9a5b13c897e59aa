"""Services. https://docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.catalog import services
from .. import fields
from . import bodies, views

PAGING = fields.paging(type=Filter("type"), name=Filter("name"))


async def create(request: Request, body: bodies.NewService) -> Response:
    """Create a service."""
    made = await services.create(request.tx, fields.fields(request, "service", body))
    return created({"service": views.service(request, made)})


async def index(request: Request) -> Response:
    """List services."""
    found = await services.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "services", [views.service(request, s) for s in found]))


async def show(request: Request, service_id: str) -> Response:
    """Show a service."""
    return ok({"service": views.service(request, await services.get(request.reader, service_id))})


async def update(request: Request, service_id: str, body: bodies.ServiceChanges) -> Response:
    """Change a service."""
    known = await services.get(request.tx, service_id)
    changed = await services.update(request.tx, known, fields.changes(request, "service", body, known.extra))
    return ok({"service": views.service(request, changed)})


async def delete(request: Request, service_id: str) -> Response:
    """Delete a service and its endpoints."""
    await services.delete(request.tx, service_id)
    return no_content()
