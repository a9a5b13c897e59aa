"""Credentials. https://docs.openstack.org/api-ref/identity/v3/#credentials"""

from __future__ import annotations

from ....kernel.db import Page
from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.delegation import credentials
from ...operations.delegation.credentials import Secret
from .. import fields
from . import bodies, views

PAGING = fields.paging(user_id=Filter("user_id"), type=Filter("type"))


async def create(request: Request, body: bodies.NewCredential) -> Response:
    """Keep a credential."""
    given = fields.fields(request, "credential", body)
    given["user_id"] = given["user_id"] or request.actor.user_id
    made = await credentials.create(request.tx, request.parts.vault, request.actor, given)
    return created({"credential": views.credential(request, made)})


def _narrowed(request: Request, page: Page) -> Page:
    """Who may not see a credential of nobody in particular sees only their own."""
    if request.allows("identity:get_credential", **{"target.credential.user_id": ""}):
        return page
    return page.where("user_id", request.actor.user_id)


async def index(request: Request) -> Response:
    """List credentials: one's own, or everybody's."""
    page = _narrowed(request, PAGING.page(request))
    found = await credentials.page(request.reader, request.parts.vault, request.actor, page)
    return ok(fields.listed(request, "credentials", [views.credential(request, c) for c in found]))


async def _known(request: Request, credential_id: str) -> Secret:
    return await credentials.get(request.reader, request.parts.vault, request.actor, credential_id)


async def show(request: Request, credential_id: str) -> Response:
    """Show a credential."""
    return ok({"credential": views.credential(request, await _known(request, credential_id))})


async def update(request: Request, credential_id: str, body: bodies.CredentialChanges) -> Response:
    """Change a credential's blob."""
    known = await _known(request, credential_id)
    changes = fields.changes(request, "credential", body, known.credential.extra)
    changed = await credentials.update(request.tx, request.parts.vault, known, changes)
    return ok({"credential": views.credential(request, changed)})


async def delete(request: Request, credential_id: str) -> Response:
    """Delete a credential."""
    await credentials.delete(request.tx, await _known(request, credential_id))
    return no_content()
