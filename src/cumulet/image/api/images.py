"""Images, their tags and actions. https://docs.openstack.org/api-ref/image/v2/#images"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from ...kernel.http import Request, Response, created, no_content, ok
from ...kernel.http.paging import next_page
from ..operations import images, placing
from . import bodies, filters, listing
from .access import permit_conditions, permit_new, permit_properties, permit_visibility, permitted
from .patches import apply, location_changes

_PATH = "/v2/images"


async def index(request: Request) -> Response:
    """List images. `next` is there while there may be more."""
    page, member_status = filters.asked(request)
    permit_conditions(request, page.conditions)
    found = await images.keys(request.tx, request.actor, page, member_status)
    texts = await listing.texts(request, found)
    kept = {name: values for name, values in request.query.items() if name != "marker"}
    first = f"{_PATH}?{urlencode(kept, doseq=True)}" if kept else _PATH
    links = {"first": first, "schema": "/v2/schemas/images"}
    if found and len(found) == page.limit:
        links["next"] = next_page(request, _PATH, found[-1].id)
    body = b'{"images":[' + b",".join(texts) + b"]," + msgspec.json.encode(links)[1:]
    return Response(200, body, {"Content-Type": "application/json"})


async def create(request: Request, body: dict[str, Any]) -> Response:
    """Make a queued image."""
    new = bodies.new_image(body)
    permit_new(request, new)
    image = await images.create(request.tx, request.actor, new)
    made = created(listing.view(request, image), location=request.url(f"{_PATH}/{image.id}"))
    made.headers["OpenStack-image-import-methods"] = ",".join(request.parts.settings.imports.methods)
    made.headers["OpenStack-image-store-ids"] = ",".join(request.parts.stores.known)
    return made


async def show(request: Request, image_id: str) -> Response:
    """Show an image."""
    image = await permitted(request, request.tx, image_id, "get_image")
    return ok(listing.view(request, image))


async def update(request: Request, image_id: str) -> Response:
    """Patch an image."""
    wanted, places = bodies.changes(request), location_changes(request)
    before = await permitted(request, request.tx, image_id, "modify_image")
    after = bodies.patched(before, wanted)
    permit_properties(request, before.properties, after.properties)
    if before.visibility != after.visibility:
        permit_visibility(request, after.visibility, before.owner)
    image = await images.update(request.tx, request.actor, before, after)
    if places:
        await apply(request, image, places)
        image = await images.get(request.tx, request.actor, image_id)
    return ok(listing.view(request, image))


async def delete(request: Request, image_id: str) -> Response:
    """Delete an image, then put its bytes into quarantine."""
    async with request.parts.db.tx() as tx:
        image = await permitted(request, tx, image_id, "delete_image")
        await images.delete(tx, image)
    await placing.put_away(request.parts, image.locations)
    return no_content()


async def deactivate(request: Request, image_id: str) -> Response:
    """Make the bytes unreadable."""
    await images.deactivate(request.tx, await permitted(request, request.tx, image_id, "deactivate"))
    return no_content()


async def reactivate(request: Request, image_id: str) -> Response:
    """Make the bytes readable again."""
    await images.reactivate(request.tx, await permitted(request, request.tx, image_id, "reactivate"))
    return no_content()


async def add_tag(request: Request, image_id: str, tag: str) -> Response:
    """Tag an image."""
    image = await permitted(request, request.tx, image_id, "modify_image")
    await images.add_tag(request.tx, request.actor, image, tag)
    return no_content()


async def remove_tag(request: Request, image_id: str, tag: str) -> Response:
    """Take a tag off."""
    image = await permitted(request, request.tx, image_id, "modify_image")
    await images.remove_tag(request.tx, request.actor, image, tag)
    return no_content()
