"""Limits of projects and domains. https://docs.openstack.org/api-ref/identity/v3/#unified-limits"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...model import Limit
from ...operations import limits
from .. import fields
from . import bodies, views

_FILTERS = ("service_id", "region_id", "resource_name", "project_id", "domain_id")
PAGING = fields.paging(**{name: Filter(name) for name in _FILTERS})


async def create(request: Request, body: bodies.NewLimitList) -> Response:
    """Set limits."""
    made = await limits.create(request.tx, [fields.given(new) for new in body.limits], request.parts.limit_model)
    return created({"limits": [views.limit(request, limit) for limit in made]})


async def _seen(request: Request) -> list[Limit]:
    """A project sees its own, a domain its own and its projects', administrators, services and the system all of them."""
    actor, page = request.actor, PAGING.page(request)
    if actor.system or actor.is_admin or actor.is_service:
        return await limits.page(request.reader, page)
    if actor.domain_id is not None:
        return await limits.page(request.reader, page, actor.domain_id)
    return await limits.page(request.reader, page.where("project_id", actor.project_id or ""))


async def index(request: Request) -> Response:
    """List limits."""
    return ok(fields.listed(request, "limits", [views.limit(request, limit) for limit in await _seen(request)]))


async def show(request: Request, limit_id: str) -> Response:
    """Show a limit."""
    return ok({"limit": views.limit(request, await limits.get(request.reader, limit_id))})


async def update(request: Request, limit_id: str, body: bodies.LimitChanges) -> Response:
    """Change a limit."""
    changed = await limits.update(request.tx, await limits.get(request.tx, limit_id), fields.given(body), request.parts.limit_model)
    return ok({"limit": views.limit(request, changed)})


async def delete(request: Request, limit_id: str) -> Response:
    """Delete a limit: what is registered holds again."""
    await limits.delete(request.tx, limit_id)
    return no_content()


async def model(request: Request) -> Response:
    """How limits are to be understood."""
    name = request.parts.limit_model
    return ok({"model": {"name": name, "description": limits.MODELS[name]}})
