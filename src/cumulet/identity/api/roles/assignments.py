"""The list of role assignments. https://docs.openstack.org/api-ref/identity/v3/#list-role-assignments"""

from __future__ import annotations

from typing import Any

from ....kernel.errors import Invalid
from ....kernel.http import Request, Response, ok
from ...model import Assignment
from ...operations.roles import assignments
from ...operations.roles.assignments import Effective, Wanted
from ...operations.roles.names import Names, names_of
from .. import fields
from ..targets import project_home

_HOLDERS = ("user.id", "group.id")
_SCOPES = {"scope.project.id": "project", "scope.domain.id": "domain", "scope.system": "system"}


def _one_of(request: Request, names: tuple[str, ...]) -> str | None:
    """The one of these parameters that was given. Raises Invalid for two."""
    given = [name for name in names if request.asked(name)]
    if len(given) > 1:
        raise Invalid(f"Specify {given[0]} or {given[1]}, not both.")
    return given[0] if given else None


async def _wanted(request: Request, effective: bool) -> Wanted:
    holder, scope = _one_of(request, _HOLDERS), _one_of(request, tuple(_SCOPES))
    inherited = request.asked("scope.OS-INHERIT:inherited_to")
    if effective and (holder == "group.id" or (inherited and scope == "scope.domain.id")):
        raise Invalid(f"Combining effective with {holder or scope} will always result in an empty list.")
    target_ids = None if scope is None or scope == "scope.system" else frozenset({request.asked(scope) or ""})
    if request.asked_flag("include_subtree"):
        target_ids = await _tree(request, scope)
    return Wanted(
        user_id=request.asked("user.id") or None,
        group_id=request.asked("group.id") or None,
        role_id=request.asked("role.id") or None,
        target_kind=_SCOPES[scope] if scope else None,
        target_ids=target_ids,
        inherited=None if inherited is None else inherited == "projects",
        home_id=request.actor.domain_id,
    )


async def _tree(request: Request, scope: str | None) -> frozenset[str]:
    if scope != "scope.project.id":
        raise Invalid("scope.project.id must be specified if include_subtree is also specified")
    project_id = request.asked(scope) or ""
    request.authorize("identity:list_role_assignments_for_tree", **await project_home(request, project_id))
    return await assignments.tree_ids(request.reader, project_id)


async def index(request: Request) -> Response:
    """List assignments; `effective` works out what is implied and inherited, `include_names` names everything."""
    effective = request.asked_flag("effective")
    found = await assignments.listed(request.reader, await _wanted(request, effective), effective)
    names = await names_of(request.reader, [e.assignment for e in found]) if request.asked_flag("include_names") else None
    return ok(fields.listed(request, "role_assignments", [_view(request, entry, names) for entry in found]))


def _view(request: Request, entry: Effective, names: Names | None) -> dict[str, Any]:
    def shown(key: str) -> dict[str, Any]:
        return {"id": key} if names is None else names.get(key, {"id": key})

    taken, source = entry.assignment, entry.source
    scope: dict[str, Any] = {taken.target_kind: {"all": True} if taken.target_kind == "system" else shown(taken.target_id)}
    if source.inherited:
        scope["OS-INHERIT:inherited_to"] = "projects"
    links = {"assignment": request.url(_path(source))}
    if source.holder_kind == "group" and taken.holder_kind == "user":
        links["membership"] = request.url(f"/v3/groups/{source.holder_id}/users/{taken.holder_id}")
    if source.role_id != taken.role_id:
        links["prior_role"] = request.url(f"/v3/prior_role/{source.role_id}/implies/{taken.role_id}")
    return {"role": shown(taken.role_id), taken.holder_kind: shown(taken.holder_id), "scope": scope, "links": links}


def _path(source: Assignment) -> str:
    """Where an assignment was made."""
    place = "system" if source.target_kind == "system" else f"{source.target_kind}s/{source.target_id}"
    path = f"{place}/{source.holder_kind}s/{source.holder_id}/roles/{source.role_id}"
    return f"/v3/OS-INHERIT/{path}/inherited_to_projects" if source.inherited else f"/v3/{path}"
