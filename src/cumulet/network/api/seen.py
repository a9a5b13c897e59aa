"""What a caller may see and set: rules about single attributes, the `fields` parameter, pages and their links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from ...kernel.db import Condition, Page
from ...kernel.errors import Invalid, NotFound
from ...kernel.http import Filter, Paging, Request, flag, whole
from ..model import Network
from . import bodies

_DEFAULTS: tuple[Any, ...] = (None, False, "", [], {}, "normal")
"""Sending an attribute's default is like not sending it, except where False takes protection away."""
_ALWAYS = ("port_security_enabled", "distributed", "ha")

PROJECT_FILTERS = {"project_id": Filter("project_id"), "tenant_id": Filter("project_id")}


def named(*names: str) -> dict[str, Filter]:
    """Filters that are called the same in the store."""
    return {name: Filter(name) for name in names}


def flags(**names: str) -> dict[str, Filter]:
    """Filters on flags."""
    return {name: Filter(stored, read=flag) for name, stored in names.items()}


STANDARD_FILTERS = named("id", "name", "description") | PROJECT_FILTERS | {"revision_number": Filter("revision", read=int)}
STANDARD_SORTS = {
    "id": "id",
    "name": "name",
    "project_id": "project_id",
    "tenant_id": "project_id",
    "description": "description",
    "created_at": "created_at",
    "updated_at": "updated_at",
}


def network_target(network: Network) -> dict[str, Any]:
    """What rules say about a network, and about what is on it."""
    return {
        "project_id": network.project_id,
        "tenant_id": network.project_id,
        "network:project_id": network.project_id,
        "network:tenant_id": network.project_id,
        "shared": network.shared,
        "router:external": network.external,
    }


def project_of(request: Request, body: Struct) -> str:
    """For whom something is to be made: the body's project, else the caller's. What the rule says comes on top.

    Raises Invalid for another project, unless an administrator or a service asks: it would count against that project's quota.
    """
    actor, asked = request.actor, getattr(body, "project_id", None)
    if not isinstance(asked, str) or not asked:
        return actor.project_id or ""
    if asked != actor.project_id and not actor.is_admin and "service" not in actor.roles:
        raise Invalid(
            f"project_id {asked!r} is not the project of the token; only administrators and services make things for others."
        )
    return asked


def may_set(request: Request, action: str, body: Struct, target: dict[str, Any]) -> None:
    """Raise Forbidden unless the caller may do the action, with each attribute that has a rule of its own."""
    request.authorize(action, **target)
    creating = action.startswith("create")
    for name, value in bodies.wire_names(body).items():
        if creating and name not in _ALWAYS and value in _DEFAULTS:
            continue
        _may_set(request, f"{action}:{name}", value, target)


def _may_set(request: Request, rule: str, value: Any, target: dict[str, Any]) -> None:
    if rule in request.policy.texts:
        request.authorize(rule, **target)
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Struct):
            for name, inner in bodies.wire_names(item).items():
                if inner is not None and f"{rule}:{name}" in request.policy.texts:
                    request.authorize(f"{rule}:{name}", **target)


def check_zones(request: Request, hints: Sequence[str]) -> None:
    """Raise NotFound for an availability zone that there is not."""
    for hint in hints:
        if hint != request.parts.wiring.availability_zone:
            raise NotFound(f"AvailabilityZone {hint} could not be found.", code="AvailabilityZoneNotFound")


class Views:
    """Writes one noun's objects for one request: without what the caller may not see, and only the `fields` that were asked for."""

    def __init__(self, request: Request, noun: str, guarded: Sequence[str] = ()) -> None:
        self._request, self._noun, self._guarded = request, noun, guarded
        self._fields = set(request.query.get("fields", ()))
        self._allowed: dict[tuple[str, str], bool] = {}

    def write(self, view: dict[str, Any]) -> dict[str, Any]:
        """The view as this caller sees it."""
        for name in self._guarded:
            if not self._allows(name, view):
                view.pop(name, None)
        return {k: v for k, v in view.items() if k in self._fields} if self._fields else view

    def _allows(self, name: str, view: dict[str, Any]) -> bool:
        project = view["project_id"]
        known = self._allowed.get((name, project))
        if known is None:
            target = {"project_id": project, "tenant_id": project, "network:project_id": "", "shared": False}
            known = self._request.allows(f"get_{self._noun}:{name}", **target)
            self._allowed[name, project] = known
        return known


def page(request: Request, paging: Paging) -> Page:
    """The page that is asked for, with the filters on tags."""
    wanted = paging.page(request)
    conditions = [*wanted.conditions, *_tag_conditions(request)]
    return Page(conditions, wanted.sort, wanted.limit, wanted.marker, wanted.backwards)


def _tag_conditions(request: Request) -> list[Condition]:
    def asked(name: str) -> list[str]:
        return [tag for value in request.query.get(name, ()) for tag in value.split(",") if tag]

    found = [Condition("tag", tag) for tag in asked("tags")]
    if asked("tags-any"):
        found.append(Condition("tag", asked("tags-any"), "in"))
    if asked("not-tags"):
        found.append(Condition("lacks", f",{','.join(asked('not-tags'))},"))
    if asked("not-tags-any"):
        found.append(Condition("tag", asked("not-tags-any"), "nin"))
    return found


def listed(request: Request, plural: str, ids: list[str], views: list[dict[str, Any]]) -> dict[str, Any]:
    """A list with the links to the pages around it, if a limit was asked for."""
    limit = request.asked("limit")
    if not limit or not whole(limit) or not ids:  # the page has been read with it: it is a number
        return {plural: views}
    full, backwards = len(ids) >= (whole(limit) or 0), (request.asked("page_reverse") or "").lower() == "true"
    links = []
    if full or backwards:
        links.append({"rel": "next", "href": _link(request, ids[-1], False)})
    if full or not backwards:
        links.append({"rel": "previous", "href": _link(request, ids[0], True)})
    return {plural: views, f"{plural}_links": links}


def _link(request: Request, marker: str, backwards: bool) -> str:
    kept = {name: values for name, values in request.query.items() if name not in ("marker", "page_reverse")}
    query = {**kept, "marker": marker, **({"page_reverse": "True"} if backwards else {})}
    return f"{request.root()}{request.path}?{urlencode(query, doseq=True)}"


def instant(stamp: str) -> str:
    """A stored instant as Neutron writes it: `2026-01-02T03:04:05Z`."""
    return stamp[:19] + "Z"


def standard(row: Any) -> dict[str, Any]:
    """What every object has."""
    return {
        "description": row.description,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
        "revision_number": row.revision,
        "project_id": row.project_id,
        "tenant_id": row.project_id,
    }
