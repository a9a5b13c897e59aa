"""Tokens. https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management"""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, no_content, ok
from ...operations import revocations as revoked
from ...operations import tokens
from ...operations.authentication.attempt import attempted
from ...operations.authentication.factors import Partial
from ...operations.authentication.logging_in import log_in
from ...operations.roles import holdings
from ...operations.tokens import Authenticated
from ...rules import instant
from ..fields import list_links, listed
from ..resources import views as resource_views
from ..targets import subject
from . import asked, bodies, views

RECEIPT = "Openstack-Auth-Receipt"


async def create(request: Request, body: bodies.Auth) -> Response:
    """A token for a password, an earlier token, a code, an application credential; or a receipt for one of several."""

    async def work() -> Authenticated | Partial:
        proof = await asked.proof(request, body.identity)
        return await log_in(request.parts.tokens, proof, asked.wanted(body.scope), request.header(RECEIPT))

    attempt = asked.attempt(request, tuple(body.identity.methods), asked.whom(body.identity))
    outcome = await attempted(request.parts.tokens, attempt, work)
    if isinstance(outcome, Partial):
        return Response(401, views.receipt(outcome), {RECEIPT: outcome.text})
    return await issued(request, outcome, 201)


async def issued(request: Request, known: Authenticated, status: int) -> Response:
    """The answer with a new token."""
    async with request.parts.tokens.db.read() as tx:
        return await _shown(request, tx, known, status)


async def _shown(request: Request, tx: Any, known: Authenticated, status: int) -> Response:
    catalog = None
    if "nocatalog" not in request.query and known.claims.scope.kind != "unscoped":
        catalog = await request.parts.catalog.of(tx, known.actor.project_id)
    elsewhere = await request.parts.catalog.elsewhere(tx)
    return Response(status, views.token(known, catalog, elsewhere), {"X-Subject-Token": known.token, "Vary": "X-Auth-Token"})


async def show(request: Request) -> Response:
    """Validate a token. One's own always; another's if one is a service, an administrator or a reader of the system."""
    allow_expired = request.asked_flag("allow_expired")
    known = await tokens.require_known(request.parts.tokens, subject(request), allow_expired)
    return await _shown(request, request.reader, known, 200)


async def revoke(request: Request) -> Response:
    """Revoke a token and those made from it."""
    await request.parts.tokens.revoke(request.tx, subject(request))
    return no_content()


async def catalog(request: Request) -> Response:
    """The catalog of one's own token."""
    found = await request.parts.catalog.of(request.reader, request.actor.project_id)
    return ok({"catalog": found, "links": list_links(request)})


async def projects(request: Request) -> Response:
    """The projects one's own user could scope to."""
    found = await holdings.scopes_of(request.reader, request.actor.user_id, "project", request.actor.identity_provider_id or "")
    return ok(listed(request, "projects", [resource_views.project(request, p) for p in found]))


async def domains(request: Request) -> Response:
    """The domains one's own user could scope to."""
    found = await holdings.scopes_of(request.reader, request.actor.user_id, "domain", request.actor.identity_provider_id or "")
    return ok(listed(request, "domains", [resource_views.domain(request, d) for d in found]))


async def system(request: Request) -> Response:
    """Whether one's own user holds a role on the system."""
    held = await holdings.holds_on_system(request.reader, request.actor.user_id, request.actor.identity_provider_id or "")
    return ok({"system": [{"all": True}] if held else [], "links": {"self": request.url("/v3/auth/system")}})


async def revocations(request: Request) -> Response:
    """What was revoked lately."""
    found = await revoked.since(request.reader, instant("since", request.asked("since")))
    return ok({"events": [views.revocation(each) for each in found], "links": list_links(request)})
