"""Trusts. https://docs.openstack.org/api-ref/identity/v3-ext/#os-trust-api"""

from __future__ import annotations

from ....kernel.db import Page
from ....kernel.errors import NotFound
from ....kernel.http import Request, Response, created, no_content, ok
from ...operations.delegation import trusts
from ...operations.delegation.trusts import NewTrust
from ...rules import instant
from .. import fields
from ..roles import views as role_views
from . import bodies, views


def _new(request: Request, body: bodies.NewTrust) -> NewTrust:
    return NewTrust(
        trustor_user_id=body.trustor_user_id,
        trustee_user_id=body.trustee_user_id,
        project_id=body.project_id,
        impersonation=body.impersonation,
        roles=[(role.id, role.name) for role in body.roles],
        expires_at=instant("expires_at", body.expires_at),
        remaining_uses=body.remaining_uses,
        may_redelegate=bool(body.allow_redelegation),
        redelegations=body.redelegation_count,
        extra=fields.fields(request, "trust", body)["extra"],
    )


async def create(request: Request, body: bodies.NewTrust) -> Response:
    """Trust another user."""
    made = await trusts.create(request.tx, request.actor, _new(request, body))
    return created({"trust": views.trust(request, made, await trusts.roles_of(request.tx, made))})


async def index(request: Request) -> Response:
    """List the trusts of a trustor, or of a trustee, or all of them."""
    page, rule, target = Page(), "identity:list_trusts", {}
    for role in ("trustor", "trustee"):
        user_id = request.asked(f"{role}_user_id")
        if user_id:
            page = page.where(f"{role}_user_id", user_id)
            rule, target = f"identity:list_trusts_for_{role}", {f"target.trust.{role}_user_id": user_id}
    request.authorize(rule, **target)
    trusts.check_actor(request.actor)
    found = await trusts.page(request.reader, page)
    return ok(fields.listed(request, "trusts", [views.trust(request, t) for t in found]))


async def show(request: Request, trust_id: str) -> Response:
    """Show a trust."""
    trusts.check_actor(request.actor)
    found = await trusts.get(request.reader, trust_id)
    return ok({"trust": views.trust(request, found, await trusts.roles_of(request.reader, found))})


async def delete(request: Request, trust_id: str) -> Response:
    """End a trust."""
    await trusts.delete(request.tx, request.actor, trust_id)
    return no_content()


async def roles(request: Request, trust_id: str) -> Response:
    """The roles that a trust delegates."""
    trusts.check_actor(request.actor)
    found = await trusts.roles_of(request.reader, await trusts.get(request.reader, trust_id))
    links = fields.list_links(request)
    return ok({"roles": [role_views.role(request, role) for role in found], "links": links})


async def role(request: Request, trust_id: str, role_id: str) -> Response:
    """One of the roles that a trust delegates."""
    trusts.check_actor(request.actor)
    for found in await trusts.roles_of(request.reader, await trusts.get(request.reader, trust_id)):
        if found.id == role_id:
            return ok({"role": role_views.role(request, found)})
    raise NotFound(f"Could not find role: {role_id}.")
