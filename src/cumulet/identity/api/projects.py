"""Projects. https://docs.openstack.org/api-ref/identity/v3/#projects"""

from __future__ import annotations

from ...kernel.http import Filter, Paging, Request, Response, created, flag, no_content, ok
from ..model import Project
from ..operations import projects, scopes
from . import bodies, views

PAGING = Paging(
    filters={
        "name": Filter("name"),
        "domain_id": Filter("domain_id"),
        "parent_id": Filter("parent_id"),
        "enabled": Filter("enabled", read=flag),
    },
    sorts={"name": "name"},
)


async def create(request: Request, body: bodies.NewProject) -> Response:
    """Create a project; with `is_domain`, a domain."""
    fields = bodies.fields(request, "project", body)
    if fields.pop("is_domain"):
        project = await projects.create_domain(request.tx, {k: v for k, v in fields.items() if k not in ("parent_id", "domain_id")})
    else:
        fields["domain_id"] = fields["domain_id"] or (None if fields["parent_id"] else request.actor.domain_id)
        project = await projects.create(request.tx, fields)
    return created({"project": views.project(request, project)})


async def index(request: Request) -> Response:
    """List projects; tag filters are worked out here, tags being data of their project."""
    is_domain = flag(request.asked("is_domain") or "false")
    found = await projects.page(request.tx, PAGING.page(request), is_domain)
    shown = [views.project(request, p) for p in found if _has_tags(request, p)]
    return ok(views.listed(request, "projects", shown))


def _has_tags(request: Request, project: Project) -> bool:
    def asked(name: str) -> set[str]:
        return {tag for tag in (request.asked(name) or "").split(",") if tag}

    tags = set(project.tags)
    wanted, any_of = asked("tags"), asked("tags-any")
    if not wanted <= tags or (any_of and not any_of & tags):
        return False
    unwanted, none_of = asked("not-tags"), asked("not-tags-any")
    return not (unwanted and unwanted <= tags) and not none_of & tags


async def show(request: Request, project_id: str) -> Response:
    """Show a project."""
    request.authorize("identity:get_project", **{"target.project.id": project_id})
    return ok({"project": views.project(request, await projects.get(request.tx, project_id))})


async def update(request: Request, project_id: str, body: bodies.ProjectChanges) -> Response:
    """Change a project."""
    project = await projects.get(request.tx, project_id)
    changed = await projects.update(request.tx, project, bodies.changes(request, "project", body, project.extra))
    return ok({"project": views.project(request, changed)})


async def delete(request: Request, project_id: str) -> Response:
    """Delete a project."""
    await projects.delete(request.tx, project_id)
    return no_content()


async def of_user(request: Request, user_id: str) -> Response:
    """The projects on which a user holds a role."""
    found = await scopes.scopes_of(request.tx, user_id, "project")
    return ok(views.listed(request, "projects", [views.project(request, p) for p in found]))


async def list_tags(request: Request, project_id: str) -> Response:
    """A project's tags."""
    request.authorize("identity:list_project_tags", **{"target.project.id": project_id})
    project = await projects.get(request.tx, project_id)
    return ok(
        {"tags": project.tags, "links": {"self": request.url(f"/v3/projects/{project_id}/tags"), "next": None, "previous": None}}
    )


async def replace_tags(request: Request, project_id: str, body: bodies.TagList) -> Response:
    """Set all tags."""
    project = await projects.get(request.tx, project_id)
    changed = await projects.update(request.tx, project, {"tags": list(dict.fromkeys(body.tags))})
    return ok(
        {"tags": changed.tags, "links": {"self": request.url(f"/v3/projects/{project_id}/tags"), "next": None, "previous": None}}
    )


async def remove_tags(request: Request, project_id: str) -> Response:
    """Remove all tags."""
    await projects.update(request.tx, await projects.get(request.tx, project_id), {"tags": []})
    return no_content()


async def add_tag(request: Request, project_id: str, tag: str) -> Response:
    """Add a tag."""
    project = await projects.get(request.tx, project_id)
    await projects.update(request.tx, project, {"tags": [*(t for t in project.tags if t != tag), tag]})
    return created(None)


async def check_tag(request: Request, project_id: str, tag: str) -> Response:
    """Whether a project has a tag."""
    request.authorize("identity:list_project_tags", **{"target.project.id": project_id})
    projects.require_tag(await projects.get(request.tx, project_id), tag)
    return no_content()


async def remove_tag(request: Request, project_id: str, tag: str) -> Response:
    """Remove a tag."""
    project = await projects.get(request.tx, project_id)
    projects.require_tag(project, tag)
    await projects.update(request.tx, project, {"tags": [t for t in project.tags if t != tag]})
    return no_content()
