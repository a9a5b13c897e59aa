"""Limits of projects. https://docs.openstack.org/api-ref/compute/#quota-sets-os-quota-sets"""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, Version, accepted, ok
from ...operations import quotas
from .. import queries
from .resources import NO_INJECTED, Changes, hidden, read, without


def _version(request: Request) -> Version:
    return request.version or NO_INJECTED


def _user(request: Request) -> str:
    queries.only(request, "user_id")
    return request.asked("user_id") or ""


async def _limits(request: Request, project_id: str, user_id: str) -> dict[str, Any]:
    found = await quotas.of_project(request.tx, project_id, user_id)
    return without({resource: quota.limit for resource, quota in found.items()}, hidden(_version(request)))


async def show(request: Request, project_id: str) -> Response:
    """A project's limits, or a user's in it."""
    user_id = _user(request)
    await quotas.check_project(request.tx, project_id)
    return ok({"quota_set": {"id": project_id, **await _limits(request, project_id, user_id)}})


async def detail(request: Request, project_id: str) -> Response:
    """The same with what is used of them."""
    user_id = _user(request)
    await quotas.check_project(request.tx, project_id)
    found = without(await quotas.of_project(request.tx, project_id, user_id), hidden(_version(request)))
    figures = {name: {"limit": quota.limit, "in_use": quota.used, "reserved": 0} for name, quota in found.items()}
    return ok({"quota_set": {"id": project_id, **figures}})


async def defaults(request: Request, project_id: str) -> Response:
    """The default limits."""
    await quotas.check_project(request.tx, project_id)
    return ok({"quota_set": {"id": project_id, **without(await quotas.defaults(request.tx), hidden(_version(request)))}})


async def update(request: Request, project_id: str, body: Changes) -> Response:
    """Set limits of a project, or of a user in it."""
    user_id = _user(request)
    await quotas.check_project(request.tx, project_id)
    wanted = read(body, without(await quotas.defaults(request.tx), hidden(_version(request))))
    await quotas.update(request.tx, project_id, user_id, wanted.limits, wanted.force)
    return ok({"quota_set": await _limits(request, project_id, user_id)})


async def reset(request: Request, project_id: str) -> Response:
    """Back to the defaults."""
    await quotas.reset(request.tx, project_id, _user(request))
    return accepted()
