"""Users. https://docs.openstack.org/api-ref/identity/v3/#users"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ....kernel.db import Page
from ....kernel.http import Filter, Request, Response, created, flag, no_content, ok
from ...model import User
from ...operations import tokens
from ...operations.authentication import password_change
from ...operations.authentication.named import Named
from ...operations.directory import reading
from ...operations.federation import links
from ...operations.resources import users
from ...rules import check_password, end_filter
from .. import fields
from ..auth import asked
from ..fields import directories
from . import bodies, views

_ELSEWHERE = {name: Filter(name) for name in ("idp_id", "protocol_id", "unique_id")}
PAGING = fields.paging(name=Filter("name"), domain_id=Filter("domain_id"), enabled=Filter("enabled", read=flag), **_ELSEWHERE)


async def hashed(request: Request, body: bodies.NewUser | bodies.UserChanges, user_id: str = "") -> str | None:
    """The hash of the password in a body, None if there is none: before the transaction, for it takes long. Raises Invalid."""
    if body.password is None or body.password is UNSET:
        return None
    check_password(request.parts.tokens.rules, body.password)
    return await tokens.hash_password(request.parts.tokens, body.password)


def _with_hash(request: Request, given: dict[str, Any]) -> dict[str, Any]:
    given.pop("federated")
    if "password" in given:
        del given["password"]
        given["password_hash"] = request.prepared
    return given


async def create(request: Request, body: bodies.NewUser) -> Response:
    """Create a user."""
    given = _with_hash(request, fields.fields(request, "user", body))
    given["domain_id"] = given["domain_id"] or fields.home(request)
    await directories(request).check_writable(request.tx, given["domain_id"])
    made = await users.create(request.tx, given, request.parts.tokens.rules)
    return created({"user": await _linked(request, made, body.federated)})


async def _linked(request: Request, user: User, federated: list[bodies.Elsewhere]) -> dict[str, Any]:
    """A user as it is shown, after who it is elsewhere was said; nothing said changes nothing."""
    if federated:
        said = [links.Link(one.idp_id, by.protocol_id, by.unique_id) for one in federated for by in one.protocols]
        await links.replace(request.tx, user.id, said)
    return views.user(request, user, await links.of_user(request.reader, user.id))


async def _own(request: Request, user_id: str) -> User:
    """A user who is not a directory's. Raises NotFound, Forbidden."""
    user = await users.get(request.tx, user_id)
    await directories(request).check_writable(request.tx, user.domain_id)
    return user


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
    found = await reading.users(directories(request), request.reader, _wanted(request))
    return ok(fields.listed(request, "users", [views.user(request, u) for u in found]))


async def show(request: Request, user_id: str) -> Response:
    """Show a user."""
    return ok({"user": await _linked(request, await reading.user(directories(request), request.reader, user_id), [])})


async def update(request: Request, user_id: str, body: bodies.UserChanges) -> Response:
    """Change a user."""
    user = await _own(request, user_id)
    changes = _with_hash(request, fields.changes(request, "user", body, user.extra))
    changed = await users.update(request.tx, user, changes, request.parts.tokens.rules)
    return ok({"user": await _linked(request, changed, body.federated)})


async def change_password(request: Request, user_id: str, body: bodies.PasswordChange) -> Response:
    """A user's own new password; no token is needed, for one may be expired."""
    attempt = asked.attempt(request, ("password",), Named(id=user_id))
    await password_change.change_password(request.parts.tokens, attempt, body.original_password, body.password)
    return no_content()


async def delete(request: Request, user_id: str) -> Response:
    """Delete a user."""
    await _own(request, user_id)
    await users.delete(request.tx, user_id)
    return no_content()
