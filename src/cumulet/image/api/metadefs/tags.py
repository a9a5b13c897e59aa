"""Tags."""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, created, no_content, ok
from ...metadefs import TAG, TagDocument, TagsDocument, read
from ...operations.metadefs import items
from . import listing, views
from .access import permitted

_TRUE = ("1", "t", "true", "on", "y", "yes")


async def index(request: Request, namespace: str) -> Response:
    """List tags."""
    owner = await permitted(request, namespace, "get_metadef_tags")
    found = await items.page(request.tx, owner, TAG, listing.asked(request))
    return ok({"tags": [{"name": one.name} for one in found]})


async def create_all(request: Request, namespace: str, body: dict[str, Any]) -> Response:
    """Make tags instead of those that are there, or beside them if the header X-OpenStack-Append says so."""
    wanted = read(TagsDocument, body).tags
    owner = await permitted(request, namespace, "add_metadef_tags")
    if (request.header("X-OpenStack-Append") or "").lower() in _TRUE:
        made = await items.add(request.tx, owner, TAG, wanted)
    else:
        made = await items.replace_tags(request.tx, owner, wanted)
    return created({"tags": [{"name": one.name} for one in made]})


async def create(request: Request, namespace: str, name: str) -> Response:
    """Make a tag."""
    wanted = read(TagDocument, {"name": name})
    owner = await permitted(request, namespace, "add_metadef_tag")
    [made] = await items.add(request.tx, owner, TAG, [wanted])
    return created(views.tag(made))


async def show(request: Request, namespace: str, name: str) -> Response:
    """Show a tag."""
    owner = await permitted(request, namespace, "get_metadef_tag")
    return ok(views.tag(await items.get(request.tx, owner, TAG, name)))


async def update(request: Request, namespace: str, name: str, body: dict[str, Any]) -> Response:
    """Rename a tag."""
    wanted = read(TagDocument, body)
    owner = await permitted(request, namespace, "modify_metadef_tag")
    before = await items.get(request.tx, owner, TAG, name)
    return ok(views.tag(await items.change(request.tx, owner, before, wanted)))


async def delete(request: Request, namespace: str, name: str) -> Response:
    """Delete a tag."""
    owner = await permitted(request, namespace, "delete_metadef_tag")
    await items.delete(request.tx, owner, await items.get(request.tx, owner, TAG, name))
    return no_content()
