"""Image data. https://docs.openstack.org/api-ref/image/v2/#image-data"""

from __future__ import annotations

from ...kernel.http import Request, Response, Stream, no_content
from ..operations import downloads, uploads
from . import bodies
from .access import permitted


async def upload(request: Request, image_id: str) -> Response:
    """Fill a queued image."""
    announced = bodies.announced(request)
    async with request.parts.db.read() as tx:
        image = await permitted(request, tx, image_id, "upload_image")
    await uploads.receive(request.parts, image, request.stream(), announced)
    return no_content()


async def stage(request: Request, image_id: str) -> Response:
    """Keep a queued image's data until it is imported."""
    announced = bodies.announced(request)
    async with request.parts.db.read() as tx:
        image = await permitted(request, tx, image_id, "modify_image")
    await uploads.stage(request.parts, image, request.stream(), announced)
    return no_content()


async def download(request: Request, image_id: str) -> Response:
    """The bytes, or the part of them that a Range header names; 204 while there are none."""
    async with request.parts.db.read() as tx:
        image = await permitted(request, tx, image_id, "download_image")
    if not downloads.has_data(image):
        return no_content()
    part = downloads.part(image.size or 0, request.header("Range"))
    found = await downloads.pieces(request.parts, image, part)
    pieces = downloads.watched(request.parts, request.actor, image, part, found)
    headers = {"Content-MD5": image.checksum or "", "Accept-Ranges": "bytes"}
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.first}-{part.first + part.count - 1}/{part.total}"
    return Response(200 if part.whole else 206, Stream(pieces, part.count), headers)
