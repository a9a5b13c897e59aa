"""Registered limits. https://docs.openstack.org/api-ref/identity/v3/#unified-limits"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations import limits
from .. import fields
from . import bodies, views

PAGING = fields.paging(service_id=Filter("service_id"), region_id=Filter("region_id"), resource_name=Filter("resource_name"))


async def create(request: Request, body: bodies.NewRegisteredList) -> Response:
    """Register limits."""
    made = await limits.register(request.tx, [fields.given(new) for new in body.registered_limits])
    return created({"registered_limits": [views.registered(request, limit) for limit in made]})


async def index(request: Request) -> Response:
    """List them."""
    found = await limits.registered(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "registered_limits", [views.registered(request, limit) for limit in found]))


async def show(request: Request, registered_limit_id: str) -> Response:
    """Show one."""
    return ok({"registered_limit": views.registered(request, await limits.get_registered(request.reader, registered_limit_id))})


async def update(request: Request, registered_limit_id: str, body: bodies.RegisteredChanges) -> Response:
    """Change one."""
    known = await limits.get_registered(request.tx, registered_limit_id)
    changed = await limits.update_registered(request.tx, known, fields.given(body))
    return ok({"registered_limit": views.registered(request, changed)})


async def delete(request: Request, registered_limit_id: str) -> Response:
    """Delete one that no limit needs."""
    await limits.unregister(request.tx, registered_limit_id)
    return no_content()
