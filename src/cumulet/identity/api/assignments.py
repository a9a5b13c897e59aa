"""Role assignments. https://docs.openstack.org/api-ref/identity/v3/#roles

One set of handlers for every path of the form `/{projects,domains}/{id}/users/{id}/roles/{id}` and
`/system/users/{id}/roles/{id}`: the path's own words say which target and holder are meant.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ...kernel.db import Page, Reader
from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, flag, no_content, ok
from ..model import Assignment, Project, User
from ..operations import projects, roles, users
from ..operations.roles import Effective
from . import views


def _meant(request: Request) -> Assignment:
    params = request.params
    target_kind = "project" if "project_id" in params else "domain" if "domain_id" in params else "system"
    target_id = params.get(f"{target_kind}_id", "all")
    return Assignment("user", params["user_id"], target_kind, target_id, params.get("role_id", ""), "/OS-INHERIT/" in request.path)


async def grant(request: Request) -> Response:
    """Give a role."""
    await roles.grant(request.tx, _meant(request))
    return no_content()


async def revoke(request: Request) -> Response:
    """Take a role away."""
    await roles.revoke(request.tx, _meant(request))
    return no_content()


async def check(request: Request) -> Response:
    """204 if the role is held, else 404."""
    await roles.check(request.tx, _meant(request))
    return no_content()


async def held(request: Request) -> Response:
    """The roles held directly."""
    found = await roles.held(request.tx, _meant(request))
    return ok(views.listed(request, "roles", [views.role(request, role) for role in found]))


_FILTERS = {
    "user.id": ("holder_id", "user"),
    "group.id": ("holder_id", "group"),
    "role.id": ("role_id", ""),
    "scope.project.id": ("target_id", "project"),
    "scope.domain.id": ("target_id", "domain"),
}


def _wanted(request: Request) -> Page:
    page = Page()
    for name, (column, kind) in _FILTERS.items():
        value = request.asked(name)
        if value is None:
            continue
        page = page.where(column, value)
        if kind in ("user", "group"):
            page = page.where("holder_kind", kind)
        elif kind:
            page = page.where("target_kind", kind)
    if request.asked("scope.system") is not None:
        page = page.where("target_kind", "system")
    if request.asked("scope.OS-INHERIT:inherited_to") is not None:
        page = page.where("inherited", True)
    return page


def _asked_flag(request: Request, name: str) -> bool:
    value = request.asked(name)
    return value is not None and (value == "" or flag(value))


async def index(request: Request) -> Response:
    """List assignments; `effective` works out what is implied and inherited, `include_names` names everything."""
    effective = _asked_flag(request, "effective")
    if effective and request.asked("group.id"):
        raise Invalid("Combining effective and group filter will always result in an empty list.")
    found = await roles.assignments(request.tx, _wanted(request), effective)
    names = await _names(request.tx) if _asked_flag(request, "include_names") else None
    return ok(views.listed(request, "role_assignments", [_view(request, entry, names) for entry in found]))


Names = dict[str, dict[str, Any]]


async def _names(tx: Reader) -> Names:
    named: Names = defaultdict(dict)
    domains = {d.id: d.name for d in await projects.page(tx, Page(), is_domain=True)}
    for domain_id, name in domains.items():
        named[domain_id] = {"id": domain_id, "name": name}
    everyone: list[Project | User] = [*await projects.page(tx, Page()), *await users.page(tx, Page())]
    for owned in everyone:
        home = {"id": owned.domain_id, "name": domains.get(owned.domain_id, "")}
        named[owned.id] = {"id": owned.id, "name": owned.name, "domain": home}
    for role in await roles.page(tx, Page()):
        named[role.id] = {"id": role.id, "name": role.name}
    return named


def _view(request: Request, entry: Effective, names: Names | None) -> dict[str, Any]:
    def shown(key: str) -> dict[str, Any]:
        return {"id": key} if names is None else names.get(key, {"id": key})

    taken, source = entry.assignment, entry.source
    scope: dict[str, Any] = {taken.target_kind: {"all": True} if taken.target_kind == "system" else shown(taken.target_id)}
    if taken.inherited:
        scope["OS-INHERIT:inherited_to"] = "projects"
    plural = {"system": "system"}.get(source.target_kind, f"{source.target_kind}s/{source.target_id}")
    link = f"/v3/{plural}/{source.holder_kind}s/{source.holder_id}/roles/{source.role_id}"
    return {
        "role": shown(taken.role_id),
        taken.holder_kind: shown(taken.holder_id),
        "scope": scope,
        "links": {"assignment": request.url(link)},
    }
