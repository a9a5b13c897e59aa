"""Policy documents that others keep here. https://docs.openstack.org/api-ref/identity/v3/#policies"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.resources import policies, policy_associations
from .. import fields
from ..catalog import views as catalog_views
from . import bodies, views

PAGING = fields.paging(type=Filter("type"))


async def create(request: Request, body: bodies.NewPolicy) -> Response:
    """Keep a document."""
    made = await policies.create(request.tx, fields.fields(request, "policy", body))
    return created({"policy": views.policy(request, made)})


async def index(request: Request) -> Response:
    """List documents."""
    found = await policies.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "policies", [views.policy(request, p) for p in found]))


async def show(request: Request, policy_id: str) -> Response:
    """Show a document."""
    return ok({"policy": views.policy(request, await policies.get(request.reader, policy_id))})


async def update(request: Request, policy_id: str, body: bodies.PolicyChanges) -> Response:
    """Change a document."""
    known = await policies.get(request.tx, policy_id)
    changed = await policies.update(request.tx, known, fields.changes(request, "policy", body, known.extra))
    return ok({"policy": views.policy(request, changed)})


async def delete(request: Request, policy_id: str) -> Response:
    """Delete a document."""
    await policies.delete(request.tx, policy_id)
    return no_content()


def _place(request: Request) -> dict[str, str]:
    """What the path names beside the document."""
    return {name: value for name, value in request.params.items() if name != "policy_id"}


async def associate(request: Request, policy_id: str) -> Response:
    """Let a document be for an endpoint, or for a service, in one region or all."""
    await policy_associations.create(request.tx, policy_id, _place(request))
    return no_content()


async def check(request: Request, policy_id: str) -> Response:
    """204 if a document is for exactly this, else 404."""
    await policy_associations.check(request.reader, policy_id, _place(request))
    return no_content()


async def dissociate(request: Request, policy_id: str) -> Response:
    """The inverse of `associate`."""
    await policy_associations.delete(request.tx, policy_id, _place(request))
    return no_content()


async def endpoints(request: Request, policy_id: str) -> Response:
    """The endpoints that a document is for."""
    found = await policy_associations.endpoints(request.reader, policy_id)
    return ok(fields.listed(request, "endpoints", [catalog_views.endpoint(request, e) for e in found]))


async def of_endpoint(request: Request, endpoint_id: str) -> Response:
    """The document that is for an endpoint."""
    found = await policy_associations.of_endpoint(request.reader, endpoint_id)
    return ok({"policy": views.policy(request, found)})
