"""Users. https://docs.openstack.org/api-ref/identity/v3/#users"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Filter, Paging, Request, Response, created, flag, no_content, ok
from ..model import DEFAULT_DOMAIN
from ..operations import tokens, users
from . import bodies, views

PAGING = Paging(
    filters={"name": Filter("name"), "domain_id": Filter("domain_id"), "enabled": Filter("enabled", read=flag)},
    sorts={"name": "name"},
)


async def _with_hash(request: Request, fields: dict[str, Any]) -> dict[str, Any]:
    if "password" in fields:
        fields["password_hash"] = await tokens.hash_password(request.parts.tokens, fields.pop("password"))
    return fields


async def create(request: Request, body: bodies.NewUser) -> Response:
    """Create a user."""
    fields = await _with_hash(request, bodies.fields(request, "user", body))
    fields["domain_id"] = fields["domain_id"] or request.actor.domain_id or request.actor.project_domain_id or DEFAULT_DOMAIN
    return created({"user": views.user(request, await users.create(request.tx, fields))})


async def index(request: Request) -> Response:
    """List users."""
    found = await users.page(request.tx, PAGING.page(request))
    return ok(views.listed(request, "users", [views.user(request, u) for u in found]))


async def show(request: Request, user_id: str) -> Response:
    """Show a user."""
    return ok({"user": views.user(request, await users.get(request.tx, user_id))})


async def update(request: Request, user_id: str, body: bodies.UserChanges) -> Response:
    """Change a user."""
    user = await users.get(request.tx, user_id)
    changes = await _with_hash(request, bodies.changes(request, "user", body, user.extra))
    return ok({"user": views.user(request, await users.update(request.tx, user, changes))})


async def change_password(request: Request, user_id: str, body: bodies.PasswordChange) -> Response:
    """A user's own new password; no token is needed, for one may be expired."""
    await users.change_password(request.tx, request.parts.tokens, user_id, body.original_password, body.password)
    return no_content()


async def delete(request: Request, user_id: str) -> Response:
    """Delete a user."""
    await users.delete(request.tx, user_id)
    return no_content()
