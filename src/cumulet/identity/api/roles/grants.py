"""Giving and taking roles. https://docs.openstack.org/api-ref/identity/v3/#roles

One set of handlers for every path of the form `/{projects,domains}/{id}/{users,groups}/{id}/roles/{id}` and
`/system/{users,groups}/{id}/roles/{id}`, under `/OS-INHERIT` or not: the path's own words say which holder and target are meant.
"""

from __future__ import annotations

from ....kernel.http import Request, Response, no_content, ok
from ...model import Assignment
from ...operations.roles import assignments
from .. import fields
from . import views


def _meant(request: Request) -> Assignment:
    params = request.params
    target_kind = "project" if "project_id" in params else "domain" if "domain_id" in params else "system"
    holder_kind = "user" if "user_id" in params else "group"
    return Assignment(
        holder_kind=holder_kind,
        holder_id=params[f"{holder_kind}_id"],
        target_kind=target_kind,
        target_id=params.get(f"{target_kind}_id", "all"),
        role_id=params.get("role_id", ""),
        inherited="/OS-INHERIT/" in request.path,
    )


async def grant(request: Request) -> Response:
    """Give a role."""
    await assignments.grant(request.tx, _meant(request))
    return no_content()


async def revoke(request: Request) -> Response:
    """Take a role away."""
    await assignments.revoke(request.tx, _meant(request))
    return no_content()


async def check(request: Request) -> Response:
    """204 if the role is held, else 404."""
    await assignments.check(request.reader, _meant(request))
    return no_content()


async def held(request: Request) -> Response:
    """The roles held directly."""
    found = await assignments.held(request.reader, _meant(request))
    return ok(fields.listed(request, "roles", [views.role(request, role) for role in found]))
