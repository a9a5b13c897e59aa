"""Policy documents that others keep here. https://docs.openstack.org/api-ref/identity/v3/#policies"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.resources import policies
from .. import fields
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
