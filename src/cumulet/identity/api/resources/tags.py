"""Tags of projects. https://docs.openstack.org/api-ref/identity/v3/#project-tags"""

from __future__ import annotations

from ....kernel.errors import Invalid
from ....kernel.http import Request, Response, created, no_content, ok
from ...operations import projects
from ..fields import list_links
from . import bodies

MOST_TAGS, LONGEST_TAG = 80, 255


async def index(request: Request, project_id: str) -> Response:
    """A project's tags."""
    project = await projects.get_either(request.reader, project_id)
    return ok({"tags": project.tags, "links": list_links(request)})


async def replace(request: Request, project_id: str, body: bodies.TagList) -> Response:
    """Set all tags."""
    project = await projects.get_either(request.tx, project_id)
    changed = await projects.update(request.tx, project, {"tags": list(dict.fromkeys(body.tags))})
    return ok({"tags": changed.tags, "links": list_links(request)})


async def clear(request: Request, project_id: str) -> Response:
    """Remove all tags."""
    await projects.update(request.tx, await projects.get_either(request.tx, project_id), {"tags": []})
    return no_content()


async def add(request: Request, project_id: str, tag: str) -> Response:
    """Add a tag."""
    project = await projects.get_either(request.tx, project_id)
    tags = [*(t for t in project.tags if t != tag), tag]
    if len(tags) > MOST_TAGS or len(tag) > LONGEST_TAG or "," in tag:
        raise Invalid(f"A project has at most {MOST_TAGS} tags, of at most {LONGEST_TAG} characters, without commas.")
    await projects.update(request.tx, project, {"tags": tags})
    return created(None, location=request.url(f"/v3/projects/{project_id}/tags/{tag}"))


async def check(request: Request, project_id: str, tag: str) -> Response:
    """Whether a project has a tag."""
    projects.require_tag(await projects.get_either(request.reader, project_id), tag)
    return no_content()


async def remove(request: Request, project_id: str, tag: str) -> Response:
    """Remove a tag."""
    project = await projects.get_either(request.tx, project_id)
    projects.require_tag(project, tag)
    await projects.update(request.tx, project, {"tags": [t for t in project.tags if t != tag]})
    return no_content()
