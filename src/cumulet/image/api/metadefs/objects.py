"""Objects: groups of properties."""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, created, no_content, ok
from ...metadefs import OBJECT, ObjectDocument, read
from ...operations.metadefs import items
from . import listing, views
from .access import permitted


async def index(request: Request, namespace: str) -> Response:
    """List objects."""
    owner = await permitted(request, namespace, "get_metadef_objects", "get_metadef_object")
    found = await items.page(request.tx, owner, OBJECT, listing.asked(request))
    return ok({"objects": [views.object_(owner, one) for one in found], "schema": "v2/schemas/metadefs/objects"})


async def create(request: Request, namespace: str, body: dict[str, Any]) -> Response:
    """Make an object."""
    wanted = read(ObjectDocument, body)
    owner = await permitted(request, namespace, "add_metadef_object")
    [made] = await items.add(request.tx, owner, OBJECT, [wanted])
    return created(views.object_(owner, made))


async def show(request: Request, namespace: str, name: str) -> Response:
    """Show an object."""
    owner = await permitted(request, namespace, "get_metadef_object")
    return ok(views.object_(owner, await items.get(request.tx, owner, OBJECT, name)))


async def update(request: Request, namespace: str, name: str, body: dict[str, Any]) -> Response:
    """Say anew what an object is."""
    wanted = read(ObjectDocument, body)
    owner = await permitted(request, namespace, "modify_metadef_object")
    before = await items.get(request.tx, owner, OBJECT, name)
    return ok(views.object_(owner, await items.change(request.tx, owner, before, wanted)))


async def delete(request: Request, namespace: str, name: str) -> Response:
    """Delete an object."""
    owner = await permitted(request, namespace, "delete_metadef_object")
    await items.delete(request.tx, owner, await items.get(request.tx, owner, OBJECT, name))
    return no_content()
