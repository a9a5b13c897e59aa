"""Properties that stand in a namespace by themselves."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Request, Response, created, no_content, ok
from ...metadefs import PROPERTY, PropertyDocument, read
from ...operations.metadefs import items, resource_types
from . import listing, views
from .access import permitted


def _named(body: dict[str, Any]) -> PropertyDocument:
    wanted = read(PropertyDocument, body)
    if wanted.name is UNSET:
        raise Invalid("'name' is a required property.")
    return wanted


async def index(request: Request, namespace: str) -> Response:
    """All properties by name."""
    owner = await permitted(request, namespace, "get_metadef_properties")
    found = await items.page(request.tx, owner, PROPERTY, listing.asked(request))
    return ok({"properties": {one.name: one.content for one in found}})


async def create(request: Request, namespace: str, body: dict[str, Any]) -> Response:
    """Make a property."""
    wanted = _named(body)
    owner = await permitted(request, namespace, "add_metadef_property")
    [made] = await items.add(request.tx, owner, PROPERTY, [wanted])
    return created(views.property_(made))


async def show(request: Request, namespace: str, name: str) -> Response:
    """Show a property; with `resource_type` in the query its name has the prefix that it has on such resources."""
    owner = await permitted(request, namespace, "get_metadef_property")
    resource_type = request.asked("resource_type")
    if resource_type:
        await permitted(request, namespace, "get_metadef_resource_type")
        prefix = (await resource_types.get(request.tx, owner, resource_type)).prefix
        if not prefix or not name.startswith(prefix):
            raise NotFound(f"Property {name} does not start with the prefix of the resource type association, {prefix!r}.")
        name = name.removeprefix(prefix)
    return ok(views.property_(await items.get(request.tx, owner, PROPERTY, name)))


async def update(request: Request, namespace: str, name: str, body: dict[str, Any]) -> Response:
    """Say anew what a property is."""
    wanted = _named(body)
    owner = await permitted(request, namespace, "modify_metadef_property")
    before = await items.get(request.tx, owner, PROPERTY, name)
    return ok(views.property_(await items.change(request.tx, owner, before, wanted)))


async def delete(request: Request, namespace: str, name: str) -> Response:
    """Delete a property."""
    owner = await permitted(request, namespace, "remove_metadef_property")
    await items.delete(request.tx, owner, await items.get(request.tx, owner, PROPERTY, name))
    return no_content()
