"""Roles. https://docs.openstack.org/api-ref/identity/v3/#roles"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.roles import roles
from .. import fields
from . import bodies, views

PAGING = fields.paging(name=Filter("name"), domain_id=Filter("domain_id"))


async def create(request: Request, body: bodies.NewRole) -> Response:
    """Create a role, or one of a domain."""
    given = fields.fields(request, "role", body)
    given["domain_id"] = given["domain_id"] or ""
    if given["domain_id"]:
        request.authorize("identity:create_domain_role")
    return created({"role": views.role(request, await roles.create(request.tx, given))})


async def index(request: Request) -> Response:
    """List global roles, or those of a domain."""
    if request.asked("domain_id"):
        request.authorize("identity:list_domain_roles")
    found = await roles.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "roles", [views.role(request, r) for r in found]))


async def show(request: Request, role_id: str) -> Response:
    """Show a role."""
    role = await roles.get(request.reader, role_id)
    if role.domain_id:
        request.authorize("identity:get_domain_role")
    return ok({"role": views.role(request, role)})


async def update(request: Request, role_id: str, body: bodies.RoleChanges) -> Response:
    """Change a role."""
    role = await roles.get(request.tx, role_id)
    if role.domain_id:
        request.authorize("identity:update_domain_role")
    changed = await roles.update(request.tx, role, fields.changes(request, "role", body, role.extra))
    return ok({"role": views.role(request, changed)})


async def delete(request: Request, role_id: str) -> Response:
    """Delete a role."""
    if (await roles.get(request.tx, role_id)).domain_id:
        request.authorize("identity:delete_domain_role")
    await roles.delete(request.tx, role_id)
    return no_content()
