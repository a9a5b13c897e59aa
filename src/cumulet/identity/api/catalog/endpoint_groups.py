"""Groups of endpoints. https://docs.openstack.org/api-ref/identity/v3-ext/#os-ep-filter-api"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.catalog import endpoint_groups
from .. import fields
from ..resources import views as resource_views
from . import bodies, views

PAGING = fields.paging(name=Filter("name"))


async def create(request: Request, body: bodies.NewEndpointGroup) -> Response:
    """Create a group."""
    given = {**fields.given(body), "description": body.description or ""}
    return created({"endpoint_group": views.endpoint_group(request, await endpoint_groups.create(request.tx, given))})


async def index(request: Request) -> Response:
    """List groups."""
    found = await endpoint_groups.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "endpoint_groups", [views.endpoint_group(request, g) for g in found]))


async def show(request: Request, endpoint_group_id: str) -> Response:
    """Show a group."""
    return ok({"endpoint_group": views.endpoint_group(request, await endpoint_groups.get(request.reader, endpoint_group_id))})


async def update(request: Request, endpoint_group_id: str, body: bodies.EndpointGroupChanges) -> Response:
    """Change a group."""
    group = await endpoint_groups.get(request.tx, endpoint_group_id)
    changes = fields.given(body)
    if "description" in changes:
        changes["description"] = changes["description"] or ""
    return ok({"endpoint_group": views.endpoint_group(request, await endpoint_groups.update(request.tx, group, changes))})


async def delete(request: Request, endpoint_group_id: str) -> Response:
    """Delete a group."""
    await endpoint_groups.delete(request.tx, endpoint_group_id)
    return no_content()


async def endpoints(request: Request, endpoint_group_id: str) -> Response:
    """The endpoints in a group."""
    group = await endpoint_groups.get(request.reader, endpoint_group_id)
    found = await endpoint_groups.endpoints_in(request.reader, group)
    return ok(fields.listed(request, "endpoints", [views.endpoint(request, e) for e in found]))


async def projects(request: Request, endpoint_group_id: str) -> Response:
    """The projects that a group is for."""
    found = await endpoint_groups.projects_of_group(request.reader, endpoint_group_id)
    return ok(fields.listed(request, "projects", [resource_views.project(request, p) for p in found]))


async def add_project(request: Request, endpoint_group_id: str, project_id: str) -> Response:
    """Make a group one for a project."""
    await endpoint_groups.add_group(request.tx, project_id, endpoint_group_id)
    return no_content()


async def show_project(request: Request, endpoint_group_id: str, project_id: str) -> Response:
    """Whether a group is for a project."""
    await endpoint_groups.check_group(request.reader, project_id, endpoint_group_id)
    links = fields.self_link(request, f"OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects", project_id)
    shown = {"endpoint_group_id": endpoint_group_id, "project_id": project_id, "links": links}
    return ok({"project_endpoint_group": shown})


async def remove_project(request: Request, endpoint_group_id: str, project_id: str) -> Response:
    """The inverse of `add_project`."""
    await endpoint_groups.remove_group(request.tx, project_id, endpoint_group_id)
    return no_content()
