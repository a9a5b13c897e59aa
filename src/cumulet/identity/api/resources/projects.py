"""Projects. https://docs.openstack.org/api-ref/identity/v3/#projects"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....kernel.db import Page
from ....kernel.errors import Invalid
from ....kernel.http import Filter, Request, Response, created, flag, no_content, ok
from ...model import Project
from ...operations import limits, projects
from ...operations.resources import domains
from ...operations.roles import holdings
from .. import fields
from . import bodies, views

PAGING = fields.paging(
    name=Filter("name"), domain_id=Filter("domain_id"), parent_id=Filter("parent_id"), enabled=Filter("enabled", read=flag)
)


async def create(request: Request, body: bodies.NewProject) -> Response:
    """Create a project; with `is_domain`, a domain."""
    given = fields.fields(request, "project", body)
    explicit = given.pop("explicit_domain_id")
    if given.pop("is_domain"):
        request.authorize("identity:create_domain")
        above = (given.pop("parent_id"), given.pop("domain_id"))
        if any(above):
            raise Invalid("only root projects are allowed to act as domains.")
        project = await projects.create_domain(request.tx, given, explicit)
    else:
        given["domain_id"] = given["domain_id"] or request.actor.domain_id
        if given["parent_id"] is None:
            given["domain_id"] = given["domain_id"] or fields.home(request)
        project = await projects.create(request.tx, given, limits.MOST_LEVELS[request.parts.limit_model])
    return created({"project": views.project(request, project)})


def _narrowed(request: Request, page: Page) -> Page:
    """Somebody with a domain's token sees what is in that domain."""
    return page if request.actor.domain_id is None else page.where("domain_id", request.actor.domain_id)


async def index(request: Request) -> Response:
    """List projects; tag filters are worked out here, tags being data of their project."""
    is_domain = request.asked_flag("is_domain")
    found = await projects.page(request.reader, _narrowed(request, PAGING.page(request)), is_domain)
    tags = _tags_asked(request)
    shown = [views.project(request, p) for p in found if not tags or _has_tags(p, tags)]
    return ok(fields.listed(request, "projects", shown))


def _tags_asked(request: Request) -> dict[str, set[str]]:
    """The tags of each filter that was given."""
    given = {name: set(filter(None, (request.asked(name) or "").split(","))) for name in _TAG_FILTERS}
    return {name: tags for name, tags in given.items() if tags}


def _has_tags(project: Project, asked: dict[str, set[str]]) -> bool:
    tags = set(project.tags)
    return all(_TAG_FILTERS[name](wanted, tags) for name, wanted in asked.items())


_TAG_FILTERS: dict[str, Callable[[set[str], set[str]], bool]] = {
    "tags": lambda wanted, tags: wanted <= tags,
    "tags-any": lambda wanted, tags: bool(wanted & tags),
    "not-tags": lambda wanted, tags: not wanted <= tags,
    "not-tags-any": lambda wanted, tags: not wanted & tags,
}
"""What of the tags that are asked for a project's own must have."""


async def show(request: Request, project_id: str) -> Response:
    """Show a project, with what is above and below it if that is asked for."""
    project = await projects.get_either(request.reader, project_id)
    return ok({"project": views.project(request, project) | await _relatives(request, project)})


async def _relatives(request: Request, project: Project) -> dict[str, Any]:
    """Lists hold the projects that the user has a role in; trees of ids hold all."""
    shown: dict[str, Any] = {}
    for key, read in (("parents", projects.parents), ("subtree", projects.subtree)):
        as_list, as_ids = request.asked_flag(f"{key}_as_list"), request.asked_flag(f"{key}_as_ids")
        if as_list and as_ids:
            raise Invalid(f"Cannot use {key}_as_list and {key}_as_ids query params at the same time.")
        if not as_list and not as_ids:
            continue
        found = await read(request.reader, project)
        if as_ids:
            shown[key] = _upward(found) if key == "parents" else _downward(found, project.id)
        else:
            own = {p.id for p in await holdings.scopes_of(request.reader, request.actor.user_id, "project")}
            shown[key] = [{"project": views.project(request, p)} for p in found if p.id in own]
    return shown


def _upward(found: list[Project]) -> dict[str, Any] | None:
    tree: dict[str, Any] | None = None
    for parent in reversed(found):
        tree = {parent.id: tree}
    return tree


def _downward(found: list[Project], top: str) -> dict[str, Any] | None:
    children = {p.id: _downward(found, p.id) for p in found if p.parent_id == top}
    return children or None


async def update(request: Request, project_id: str, body: bodies.ProjectChanges) -> Response:
    """Change a project."""
    project = await projects.get_either(request.tx, project_id)
    changed = await projects.update(request.tx, project, fields.changes(request, "project", body, project.extra))
    return ok({"project": views.project(request, changed)})


async def delete(request: Request, project_id: str) -> Response:
    """Delete a project; a disabled domain too."""
    project = await projects.get_either(request.tx, project_id)
    await (domains if project.is_domain else projects).delete(request.tx, project_id)
    return no_content()


async def of_user(request: Request, user_id: str) -> Response:
    """The projects on which a user holds a role."""
    found = await holdings.scopes_of(request.reader, user_id, "project")
    return ok(fields.listed(request, "projects", [views.project(request, p) for p in found]))
