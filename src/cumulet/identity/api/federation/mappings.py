"""Mappings. https://docs.openstack.org/api-ref/identity/v3-ext/#mappings"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, created, no_content, ok
from ...operations.federation import mappings
from .. import fields
from . import bodies, views

PAGING = fields.paging(id=Filter("id"))


async def create(request: Request, mapping_id: str, body: bodies.NewMapping) -> Response:
    """Make one."""
    made = await mappings.create(request.tx, mapping_id, body.rules, body.schema_version)
    return created({"mapping": views.mapping(request, made)})


async def index(request: Request) -> Response:
    """List them."""
    found = await mappings.page(request.reader, PAGING.page(request))
    return ok(fields.listed(request, "mappings", [views.mapping(request, m) for m in found]))


async def show(request: Request, mapping_id: str) -> Response:
    """Show one."""
    return ok({"mapping": views.mapping(request, await mappings.get(request.reader, mapping_id))})


async def update(request: Request, mapping_id: str, body: bodies.NewMapping) -> Response:
    """Other rules for one."""
    changed = await mappings.update(request.tx, mapping_id, body.rules, body.schema_version)
    return ok({"mapping": views.mapping(request, changed)})


async def delete(request: Request, mapping_id: str) -> Response:
    """Delete one that no protocol uses."""
    await mappings.delete(request.tx, mapping_id)
    return no_content()
