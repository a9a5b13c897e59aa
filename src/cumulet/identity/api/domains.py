"""Domains. https://docs.openstack.org/api-ref/identity/v3/#domains"""

from __future__ import annotations

from ...kernel.http import Filter, Paging, Request, Response, created, flag, no_content, ok
from ..operations import projects
from . import bodies, views

PAGING = Paging(filters={"name": Filter("name"), "enabled": Filter("enabled", read=flag)}, sorts={"name": "name"})
_NOT_OF_DOMAINS = ("domain_id", "parent_id", "is_domain")


async def create(request: Request, body: bodies.NewProject) -> Response:
    """Create a domain."""
    fields = {k: v for k, v in bodies.fields(request, "domain", body).items() if k not in _NOT_OF_DOMAINS}
    return created({"domain": views.domain(request, await projects.create_domain(request.tx, fields))})


async def index(request: Request) -> Response:
    """List domains."""
    found = await projects.page(request.tx, PAGING.page(request), is_domain=True)
    return ok(views.listed(request, "domains", [views.domain(request, d) for d in found]))


async def show(request: Request, domain_id: str) -> Response:
    """Show a domain."""
    return ok({"domain": views.domain(request, await projects.get_domain(request.tx, domain_id))})


async def update(request: Request, domain_id: str, body: bodies.ProjectChanges) -> Response:
    """Change a domain."""
    domain = await projects.get_domain(request.tx, domain_id)
    changed = await projects.update(request.tx, domain, bodies.changes(request, "domain", body, domain.extra))
    return ok({"domain": views.domain(request, changed)})


async def delete(request: Request, domain_id: str) -> Response:
    """Delete a disabled domain with all that is in it."""
    await projects.delete_domain(request.tx, domain_id)
    return no_content()
