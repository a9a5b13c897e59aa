"""Servers' metadata. https://docs.openstack.org/api-ref/compute/#server-metadata-servers-metadata"""

from __future__ import annotations

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Request, Response, no_content, ok
from ...operations.servers import change, reading
from . import bodies


async def index(request: Request, server_id: str) -> Response:
    """All of it."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"metadata": server.metadata})


async def show(request: Request, server_id: str, key: str) -> Response:
    """One item."""
    server = await reading.get(request.tx, request.actor, server_id)
    if key not in server.metadata:
        raise NotFound("Metadata item was not found")
    return ok({"meta": {key: server.metadata[key]}})


async def add(request: Request, server_id: str, body: bodies.MetadataItems) -> Response:
    """Add items, replacing those of the same key."""
    return ok({"metadata": await change.set_metadata(request.tx, request.actor, server_id, body.metadata, replace=False)})


async def replace(request: Request, server_id: str, body: bodies.MetadataItems) -> Response:
    """Replace all items."""
    return ok({"metadata": await change.set_metadata(request.tx, request.actor, server_id, body.metadata, replace=True)})


async def put(request: Request, server_id: str, key: str, body: bodies.MetadataItem) -> Response:
    """Set one item, the one in the path."""
    if len(body.meta) != 1:
        raise Invalid("Invalid input for field/attribute meta. It must have exactly one item.")
    if key not in body.meta:
        raise Invalid("Request body and URI mismatch")
    await change.set_metadata(request.tx, request.actor, server_id, body.meta, replace=False)
    return ok({"meta": body.meta})


async def drop(request: Request, server_id: str, key: str) -> Response:
    """Remove one item."""
    await change.drop_metadata(request.tx, request.actor, server_id, key)
    return no_content()
