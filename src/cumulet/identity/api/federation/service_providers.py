"""Service providers. https://docs.openstack.org/api-ref/identity/v3-ext/#service-providers"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, flag, no_content, ok
from ...operations.federation import service_providers
from .. import fields
from . import bodies, views

PAGING = fields.paging(id=Filter("id"), enabled=Filter("enabled", read=flag))
RELAY_STATE = "ss:mem:"
"""What a service provider's `relay_state_prefix` is unless it says otherwise: that of Shibboleth."""


async def create(request: Request, sp_id: str, body: bodies.NewServiceProvider) -> Response:
    """Register one."""
    given = {**fields.given(body), "relay_state_prefix": body.relay_state_prefix or RELAY_STATE}
    made = await service_providers.create(request.tx, sp_id, given)
    return created({"service_provider": views.service_provider(request, made)})


async def index(request: Request) -> Response:
    """List them."""
    found = await service_providers.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "service_providers", [views.service_provider(request, p) for p in found]))


async def show(request: Request, sp_id: str) -> Response:
    """Show one."""
    return ok({"service_provider": views.service_provider(request, await service_providers.get(request.reader, sp_id))})


async def update(request: Request, sp_id: str, body: bodies.ServiceProviderChanges) -> Response:
    """Change one."""
    changes = fields.given(body)
    if "relay_state_prefix" in changes:
        changes["relay_state_prefix"] = changes["relay_state_prefix"] or RELAY_STATE
    changed = await service_providers.update(request.tx, sp_id, changes)
    return ok({"service_provider": views.service_provider(request, changed)})


async def delete(request: Request, sp_id: str) -> Response:
    """Delete one."""
    await service_providers.delete(request.tx, sp_id)
    return no_content()
