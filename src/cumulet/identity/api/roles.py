"""Roles and what they imply. https://docs.openstack.org/api-ref/identity/v3/#roles"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ..model import Role
from ..operations import roles
from . import bodies, views

PAGING = Paging(filters={"name": Filter("name"), "domain_id": Filter("domain_id")}, sorts={"name": "name"})


async def create(request: Request, body: bodies.NewRole) -> Response:
    """Create a role."""
    fields = bodies.fields(request, "role", body)
    fields["domain_id"] = fields["domain_id"] or ""
    return created({"role": views.role(request, await roles.create(request.tx, fields))})


async def index(request: Request) -> Response:
    """List roles."""
    found = await roles.page(request.tx, PAGING.page(request))
    return ok(views.listed(request, "roles", [views.role(request, r) for r in found]))


async def show(request: Request, role_id: str) -> Response:
    """Show a role."""
    return ok({"role": views.role(request, await roles.get(request.tx, role_id))})


async def update(request: Request, role_id: str, body: bodies.RoleChanges) -> Response:
    """Change a role."""
    role = await roles.get(request.tx, role_id)
    changed = await roles.update(request.tx, role, bodies.changes(request, "role", body, role.extra))
    return ok({"role": views.role(request, changed)})


async def delete(request: Request, role_id: str) -> Response:
    """Delete a role."""
    await roles.delete(request.tx, role_id)
    return no_content()


def _named(request: Request, role: Role) -> dict[str, Any]:
    return {"id": role.id, "name": role.name, "links": views.self_link(request, "roles", role.id)}


async def list_implied(request: Request, role_id: str) -> Response:
    """What a role implies directly."""
    prior = await roles.get(request.tx, role_id)
    implied = [role for _, found in await roles.implied_by(request.tx, role_id) for role in found]
    shown = {"prior_role": _named(request, prior), "implies": [_named(request, role) for role in implied]}
    return ok({"role_inference": shown, "links": {"self": request.url(f"/v3/roles/{role_id}/implies")}})


async def imply(request: Request, role_id: str, implied_id: str) -> Response:
    """Make a role imply another."""
    prior, implied = await roles.imply(request.tx, role_id, implied_id)
    return created({"role_inference": {"prior_role": _named(request, prior), "implies": _named(request, implied)}})


async def check_implied(request: Request, role_id: str, implied_id: str) -> Response:
    """Show one implication."""
    prior, implied = await roles.implication(request.tx, role_id, implied_id)
    return ok({"role_inference": {"prior_role": _named(request, prior), "implies": _named(request, implied)}})


async def unimply(request: Request, role_id: str, implied_id: str) -> Response:
    """End an implication."""
    await roles.unimply(request.tx, role_id, implied_id)
    return no_content()


async def list_inferences(request: Request) -> Response:
    """Every implication."""
    found = [
        {"prior_role": _named(request, prior), "implies": [_named(request, role) for role in implied]}
        for prior, implied in await roles.implied_by(request.tx)
    ]
    return ok({"role_inferences": found, "links": {"self": request.url("/v3/role_inferences")}})
