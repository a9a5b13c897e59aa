"""Application credentials. https://docs.openstack.org/api-ref/identity/v3/#application-credentials"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.delegation import application_credentials
from ...operations.delegation.access_rules import NewRule
from ...operations.delegation.application_credentials import NewCredential
from ...rules import instant
from .. import fields
from . import bodies, views

PAGING = fields.paging(name=Filter("name"))


def _new(body: bodies.NewApplicationCredential) -> NewCredential:
    rules = body.access_rules
    return NewCredential(
        name=body.name,
        description=body.description or "",
        secret=body.secret,
        expires_at=instant("expires_at", body.expires_at),
        unrestricted=bool(body.unrestricted),
        roles=[(role.id, role.name) for role in body.roles],
        rules=None if rules is None else [NewRule(r.id, r.service, r.method, r.path) for r in rules],
    )


async def create(request: Request, body: bodies.NewApplicationCredential) -> Response:
    """Make one; its secret is shown now and never again."""
    made = await application_credentials.create(request.tx, request.parts.tokens, request.actor, _new(body))
    return created({"application_credential": views.application_credential(request, made)})


async def index(request: Request, user_id: str) -> Response:
    """List a user's."""
    found = await application_credentials.page(request.reader, request.actor, user_id, PAGING.page(request))
    return ok(fields.listed(request, "application_credentials", [views.application_credential(request, c) for c in found]))


async def show(request: Request, user_id: str, application_credential_id: str) -> Response:
    """Show one."""
    found = await application_credentials.get(request.reader, request.actor, user_id, application_credential_id)
    return ok({"application_credential": views.application_credential(request, found)})


async def delete(request: Request, user_id: str, application_credential_id: str) -> Response:
    """Delete one."""
    await application_credentials.delete(request.tx, request.actor, user_id, application_credential_id)
    return no_content()
