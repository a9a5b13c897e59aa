"""Identity providers. https://docs.openstack.org/api-ref/identity/v3-ext/#identity-providers"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, flag, no_content, ok
from ...operations.federation import providers
from .. import fields
from . import bodies, views

PAGING = fields.paging(id=Filter("id"), enabled=Filter("enabled", read=flag))


async def create(request: Request, idp_id: str, body: bodies.NewIdentityProvider) -> Response:
    """Register one."""
    given = {**fields.given(body), "remote_ids": sorted(set(body.remote_ids or []))}
    return created({"identity_provider": views.identity_provider(request, await providers.create(request.tx, idp_id, given))})


async def index(request: Request) -> Response:
    """List them."""
    found = await providers.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "identity_providers", [views.identity_provider(request, p) for p in found]))


async def show(request: Request, idp_id: str) -> Response:
    """Show one."""
    return ok({"identity_provider": views.identity_provider(request, await providers.get(request.reader, idp_id))})


async def update(request: Request, idp_id: str, body: bodies.IdentityProviderChanges) -> Response:
    """Change one."""
    changes = fields.given(body)
    if "remote_ids" in changes:
        changes["remote_ids"] = sorted(set(changes["remote_ids"] or []))
    return ok({"identity_provider": views.identity_provider(request, await providers.update(request.tx, idp_id, changes))})


async def delete(request: Request, idp_id: str) -> Response:
    """Delete one, and the users that only it knows."""
    await providers.delete(request.tx, idp_id)
    return no_content()
