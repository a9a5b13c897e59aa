"""Projects' limits. https://docs.openstack.org/api-ref/network/v2/#quotas-extension-quotas"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, no_content, ok
from ..operations import limits
from . import bodies


def _target(project: str) -> dict[str, Any]:
    return {"project_id": project, "tenant_id": project}


async def index(request: Request) -> Response:
    """The limits of each project that has its own; others than administrators see their own project's."""
    found = await limits.projects(request.tx)
    if not request.actor.is_admin:
        found = {project: quota for project, quota in found.items() if project == request.actor.project_id}
    return ok({"quotas": [{**quota, **_target(project)} for project, quota in found.items()]})


async def own(request: Request) -> Response:
    """Which project the caller is in."""
    return ok({"tenant": {"tenant_id": request.actor.project_id}})


async def show(request: Request, project_id: str) -> Response:
    """A project's limits."""
    request.authorize("get_quota", **_target(project_id))
    return ok({"quota": await limits.limits(request.tx, project_id)})


async def defaults(request: Request, project_id: str) -> Response:
    """The limits of a project that has none of its own."""
    request.authorize("get_quota", **_target(project_id))
    return ok({"quota": limits.defaults()})


async def details(request: Request, project_id: str) -> Response:
    """A project's limits, and how much of each is used."""
    request.authorize("get_quota", **_target(project_id))
    most, used = await limits.limits(request.tx, project_id), await limits.used(request.tx, project_id)
    return ok({"quota": {name: {"limit": most[name], "used": used.get(name, 0), "reserved": 0} for name in most}})


async def update(request: Request, project_id: str) -> Response:
    """Set limits."""
    body = bodies.one(request, "quota", bodies.Quota)
    request.authorize("update_quota", **_target(project_id))
    wanted = bodies.given(body, "project_id", "force", "check_limit")
    careful = body.check_limit is True or body.force is False
    return ok({"quota": await limits.set_limits(request.tx, project_id, wanted, careful)})


async def delete(request: Request, project_id: str) -> Response:
    """Back to the defaults."""
    request.authorize("delete_quota", **_target(project_id))
    await limits.forget(request.tx, project_id)
    return no_content()
