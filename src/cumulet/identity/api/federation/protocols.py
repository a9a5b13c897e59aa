"""Protocols of identity providers. https://docs.openstack.org/api-ref/identity/v3-ext/#identity-providers"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.federation import protocols
from .. import fields
from . import bodies, views

PAGING = fields.paging(id=Filter("id"))


async def create(request: Request, idp_id: str, protocol_id: str, body: bodies.NewProtocol) -> Response:
    """Add one."""
    made = await protocols.create(request.tx, idp_id, protocol_id, fields.given(body))
    return created({"protocol": views.protocol(request, made)})


async def index(request: Request, idp_id: str) -> Response:
    """List those of an identity provider."""
    found = await protocols.page(request.reader, idp_id, PAGING.page(request))
    return ok(fields.listed(request, "protocols", [views.protocol(request, p, in_list=True) for p in found]))


async def show(request: Request, idp_id: str, protocol_id: str) -> Response:
    """Show one."""
    return ok({"protocol": views.protocol(request, await protocols.get(request.reader, idp_id, protocol_id))})


async def update(request: Request, idp_id: str, protocol_id: str, body: bodies.ProtocolChanges) -> Response:
    """Change one."""
    changed = await protocols.update(request.tx, idp_id, protocol_id, fields.given(body))
    return ok({"protocol": views.protocol(request, changed)})


async def delete(request: Request, idp_id: str, protocol_id: str) -> Response:
    """Remove one, and the users that come only by it."""
    await protocols.delete(request.tx, idp_id, protocol_id)
    return no_content()
