"""Request and access tokens. https://docs.openstack.org/api-ref/identity/v3-ext/#os-oauth1-api"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Request, Response, no_content, ok
from ...model import AccessToken
from ...operations.oauth import grants
from ...operations.oauth.grants import Issued
from .. import fields
from ..roles import views as role_views
from . import bodies, signed


def _issued(new: Issued) -> Response:
    """A token as OAuth 1.0 writes it: a form."""
    form = {"oauth_token": new.id, "oauth_token_secret": new.secret, "oauth_expires_at": fields.shown_time(new.expires_at)}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cache-Control": "no-store"}
    return Response(201, urlencode(form, safe=":").encode(), headers)


async def ask(request: Request) -> Response:
    """A consumer asks to act in a project."""
    if not request.header("Requested-Project-Id"):
        raise Invalid("Expecting to find Requested-Project-Id in request. The server could not comply with the request.")
    return _issued(await grants.ask(request.tx, request.parts.vault, signed.of(request)))


async def authorize(request: Request, request_token_id: str, body: bodies.Authorization) -> Response:
    """A user agrees."""
    wanted = [(role.id, role.name) for role in body.roles]
    verifier = await grants.authorize(request.tx, request.actor, request_token_id, wanted)
    return ok({"token": {"oauth_verifier": verifier}})


async def exchange(request: Request) -> Response:
    """The consumer gets an access token for what the user agreed to."""
    return _issued(await grants.exchange(request.tx, request.parts.vault, signed.of(request)))


def _view(request: Request, token: AccessToken) -> dict[str, Any]:
    links = fields.self_link(request, f"users/{token.user_id}/OS-OAUTH1/access_tokens", token.id)
    return {
        "id": token.id,
        "consumer_id": token.consumer_id,
        "project_id": token.project_id,
        "authorizing_user_id": token.user_id,
        "expires_at": fields.shown_time(token.expires_at),
        "links": {**links, "roles": f"{links['self']}/roles"},
    }


async def index(request: Request, user_id: str) -> Response:
    """By what consumers act for a user."""
    found = await grants.of_user(request.reader, request.actor, user_id)
    return ok(fields.listed(request, "access_tokens", [_view(request, token) for token in found]))


async def show(request: Request, user_id: str, access_token_id: str) -> Response:
    """Show one."""
    return ok({"access_token": _view(request, await grants.get(request.reader, request.actor, user_id, access_token_id))})


async def revoke(request: Request, user_id: str, access_token_id: str) -> Response:
    """End one."""
    await grants.revoke(request.tx, request.actor, user_id, access_token_id)
    return no_content()


async def roles(request: Request, user_id: str, access_token_id: str) -> Response:
    """The roles that one gives."""
    token = await grants.get(request.reader, request.actor, user_id, access_token_id)
    found = await grants.roles_of(request.reader, token)
    return ok(fields.listed(request, "roles", [role_views.role(request, role) for role in found]))


async def role(request: Request, user_id: str, access_token_id: str, role_id: str) -> Response:
    """One of the roles that one gives."""
    token = await grants.get(request.reader, request.actor, user_id, access_token_id)
    for found in await grants.roles_of(request.reader, token):
        if found.id == role_id:
            return ok({"role": role_views.role(request, found)})
    raise NotFound(f"Could not find role: {role_id}.")
