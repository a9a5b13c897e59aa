"""Users. https://docs.openstack.org/api-ref/identity/v3/#users"""

from __future__ import annotations

from typing import Any

from ....kernel.db import Page
from ....kernel.http import Filter, Request, Response, created, flag, no_content, ok
from ...operations import tokens
from ...operations.resources import users
from ...rules import check_password, end_filter
from .. import fields
from . import bodies, views

PAGING = fields.paging(name=Filter("name"), domain_id=Filter("domain_id"), enabled=Filter("enabled", read=flag))


async def _with_hash(request: Request, given: dict[str, Any]) -> dict[str, Any]:
    if "password" in given:
        password = given.pop("password")
        if password is not None:
            check_password(request.parts.tokens.rules, password)
        given["password_hash"] = await tokens.hash_password(request.parts.tokens, password)
    return given


async def create(request: Request, body: bodies.NewUser) -> Response:
    """Create a user."""
    given = await _with_hash(request, fields.fields(request, "user", body))
    given["domain_id"] = given["domain_id"] or fields.home(request)
    made = await users.create(request.tx, given, request.parts.tokens.rules)
    return created({"user": views.user(request, made)})


def _wanted(request: Request) -> Page:
    """Somebody with a domain's token sees that domain's users."""
    page = PAGING.page(request)
    if request.actor.domain_id is not None:
        page = page.where("domain_id", request.actor.domain_id)
    for text in request.query.get("password_expires_at", []):
        page = page.where("password_expires_at", *end_filter(text))
    return page


async def index(request: Request) -> Response:
    """List users."""
    found = await users.page(request.reader, _wanted(request))
    return ok(fields.listed(request, "users", [views.user(request, u) for u in found]))


async def show(request: Request, user_id: str) -> Response:
    """Show a user."""
    return ok({"user": views.user(request, await users.get(request.reader, user_id))})


async def update(request: Request, user_id: str, body: bodies.UserChanges) -> Response:
    """Change a user."""
    user = await users.get(request.tx, user_id)
    changes = await _with_hash(request, fields.changes(request, "user", body, user.extra))
    changed = await users.update(request.tx, user, changes, request.parts.tokens.rules)
    return ok({"user": views.user(request, changed)})


async def change_password(request: Request, user_id: str, body: bodies.PasswordChange) -> Response:
    """A user's own new password; no token is needed, for one may be expired."""
    await users.change_password(request.tx, request.parts.tokens, user_id, body.original_password, body.password)
    return no_content()


async def delete(request: Request, user_id: str) -> Response:
    """Delete a user."""
    await users.delete(request.tx, user_id)
    return no_content()
