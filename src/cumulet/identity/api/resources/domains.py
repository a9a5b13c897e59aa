"""Domains. https://docs.openstack.org/api-ref/identity/v3/#domains"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, flag, no_content, ok
from ...operations import projects
from ...operations.resources import domains
from .. import fields
from . import bodies, views

PAGING = fields.paging(name=Filter("name"), enabled=Filter("enabled", read=flag))
_NOT_OF_DOMAINS = ("domain_id", "parent_id", "is_domain", "explicit_domain_id")


async def create(request: Request, body: bodies.NewProject) -> Response:
    """Create a domain."""
    given = {k: v for k, v in fields.fields(request, "domain", body).items() if k not in _NOT_OF_DOMAINS}
    made = await projects.create_domain(request.tx, given, body.explicit_domain_id)
    return created({"domain": views.domain(request, made)})


async def index(request: Request) -> Response:
    """List domains: to somebody with a domain's token, that one."""
    page = PAGING.page(request)
    if request.actor.domain_id is not None:
        page = page.where("id", request.actor.domain_id)
    found = await projects.page(request.reader, page, is_domain=True)
    return ok(fields.listed(request, "domains", [views.domain(request, d) for d in found]))


async def show(request: Request, domain_id: str) -> Response:
    """Show a domain."""
    return ok({"domain": views.domain(request, await projects.get_domain(request.reader, domain_id))})


async def update(request: Request, domain_id: str, body: bodies.ProjectChanges) -> Response:
    """Change a domain."""
    domain = await projects.get_domain(request.tx, domain_id)
    changed = await projects.update(request.tx, domain, fields.changes(request, "domain", body, domain.extra))
    return ok({"domain": views.domain(request, changed)})


async def delete(request: Request, domain_id: str) -> Response:
    """Delete a disabled domain with all that is in it."""
    await domains.delete(request.tx, domain_id)
    return no_content()
