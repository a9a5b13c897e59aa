"""Which endpoints are for which projects. https://docs.openstack.org/api-ref/identity/v3-ext/#os-ep-filter-api"""

from __future__ import annotations

from ....kernel.http import Request, Response, no_content, ok
from ...operations.catalog import endpoint_groups
from .. import fields
from ..resources import views as resource_views
from . import views


async def projects(request: Request, endpoint_id: str) -> Response:
    """The projects that an endpoint is for."""
    found = await endpoint_groups.projects_of(request.reader, endpoint_id)
    return ok(fields.listed(request, "projects", [resource_views.project(request, p) for p in found]))


async def endpoints(request: Request, project_id: str) -> Response:
    """The endpoints that are for a project, by themselves or by a group."""
    found = await endpoint_groups.endpoints_of(request.reader, project_id)
    return ok(fields.listed(request, "endpoints", [views.endpoint(request, e) for e in found]))


async def groups(request: Request, project_id: str) -> Response:
    """The groups of endpoints that are for a project."""
    found = await endpoint_groups.groups_of(request.reader, project_id)
    return ok(fields.listed(request, "endpoint_groups", [views.endpoint_group(request, g) for g in found]))


async def add(request: Request, project_id: str, endpoint_id: str) -> Response:
    """Make an endpoint one for a project."""
    await endpoint_groups.add_endpoint(request.tx, project_id, endpoint_id)
    return no_content()


async def check(request: Request, project_id: str, endpoint_id: str) -> Response:
    """204 if an endpoint is for a project, else 404."""
    await endpoint_groups.check_endpoint(request.reader, project_id, endpoint_id)
    return no_content()


async def remove(request: Request, project_id: str, endpoint_id: str) -> Response:
    """The inverse of `add`."""
    await endpoint_groups.remove_endpoint(request.tx, project_id, endpoint_id)
    return no_content()
