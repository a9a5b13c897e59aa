"""Image data. https://docs.openstack.org/api-ref/image/v2/#image-data"""

from __future__ import annotations

from typing import Any

from ...kernel.errors import Conflict, Invalid
from ...kernel.http import Request, Response, Stream, no_content
from ..model import QUEUED
from ..operations import downloads, uploads
from . import bodies, views
from .access import permitted


async def upload(request: Request, image_id: str) -> Response:
    """Fill a queued image."""
    size = bodies.announced_size(request)
    store = request.header("X-Image-Meta-Store") or views.STORE
    if store != views.STORE:
        raise Invalid(f"Store {store!r} is not known; {views.STORE!r} is.")
    async with request.parts.db.read() as tx:
        image = await permitted(request, tx, image_id, "upload_image")
    await uploads.receive(request.parts, image, request.stream(), size)
    return no_content()


async def download(request: Request, image_id: str) -> Response:
    """The bytes, or the part of them that a Range header names; 204 while there are none."""
    async with request.parts.db.read() as tx:
        image = await permitted(request, tx, image_id, "download_image")
    if not downloads.has_data(image):
        return no_content()
    part = downloads.part(image.size or 0, request.header("Range"))
    pieces = await downloads.pieces(request.parts.store, image, part)
    headers = {"Content-MD5": image.checksum or "", "Accept-Ranges": "bytes"}
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.first}-{part.first + part.count - 1}/{part.total}"
    return Response(200 if part.whole else 206, Stream(pieces, part.count), headers)


async def locations(request: Request, image_id: str) -> Response:
    """Where the bytes are, for other services: an image that is not active has no location."""
    image = await permitted(request, request.tx, image_id, "fetch_image_location")
    url = request.parts.store.url(image.bytes_key) if image.status == "active" else None
    return Response(200, [{"url": url, "metadata": {"store": views.STORE}}] if url else [])


async def add_location(request: Request, image_id: str, body: dict[str, Any]) -> Response:
    """Refuse a location: bytes are kept in the service's own store only."""
    image = await permitted(request, request.tx, image_id, "add_image_location")
    if not isinstance(body.get("url"), str):
        raise Invalid("'url' is a required property.")
    if image.status != QUEUED:
        raise Conflict(f"A location can be added to a queued image only; image {image.id} is {image.status}.")
    raise Invalid(f"Invalid location: this service has no store for {body['url'].partition(':')[0]!r} URLs; upload the data.")
