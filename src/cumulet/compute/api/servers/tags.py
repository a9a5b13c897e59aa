"""Servers' tags. https://docs.openstack.org/api-ref/compute/#server-tags-servers-tags"""

from __future__ import annotations

import re

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Request, Response, created, no_content, ok
from ...operations.servers import change, reading
from .. import links
from . import bodies


async def index(request: Request, server_id: str) -> Response:
    """All of them."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"tags": server.tags})


async def check(request: Request, server_id: str, tag: str) -> Response:
    """Whether the server has this one."""
    server = await reading.get(request.tx, request.actor, server_id)
    if tag not in server.tags:
        raise NotFound(f"Server {server_id} has no tag '{tag}'")
    return no_content()


async def replace(request: Request, server_id: str, body: bodies.TagList) -> Response:
    """Replace all of them."""
    return ok({"tags": await change.set_tags(request.tx, request.actor, server_id, body.tags)})


async def add(request: Request, server_id: str, tag: str) -> Response:
    """Add one."""
    if not re.fullmatch(r"[^,/]{1,60}", tag):
        raise Invalid(f"Tag '{tag}' is invalid. It must be 1 to 60 characters without '/' and ','.")
    if not await change.add_tag(request.tx, request.actor, server_id, tag):
        return no_content()
    return created(None, location=f"{links.resource(request.url(''), 'servers', server_id)[0]['href']}/tags/{tag}")


async def drop(request: Request, server_id: str, tag: str) -> Response:
    """Remove one."""
    await change.drop_tag(request.tx, request.actor, server_id, tag)
    return no_content()


async def drop_all(request: Request, server_id: str) -> Response:
    """Remove all of them."""
    await change.set_tags(request.tx, request.actor, server_id, [])
    return no_content()
