"""The cache of this process's machine; without one everything is answered with 404, as Glance does.

https://docs.openstack.org/api-ref/image/v2/#cache-manage
"""

from __future__ import annotations

from ...kernel.http import Request, Response, accepted, no_content, ok
from ..operations.upkeep import caching
from .access import permitted


async def show(request: Request) -> Response:
    """What is cached and queued."""
    return ok(caching.shown(caching.of(request.parts)))


async def queue(request: Request, image_id: str) -> Response:
    """Have an image cached."""
    cache = caching.of(request.parts)
    caching.queue(request.tx, cache, await permitted(request, request.tx, image_id, "cache_image"))
    return accepted()


async def drop(request: Request, image_id: str) -> Response:
    """Remove one image from the cache and the queue. An image that is gone may still be there."""
    cache = caching.of(request.parts)
    if image_id not in cache.queue and image_id not in {copy.image_id for copy in cache.copies}:
        async with request.parts.db.read() as tx:
            await permitted(request, tx, image_id, "cache_delete")
    await caching.drop(cache, image_id)
    return no_content()


async def clear(request: Request) -> Response:
    """Remove all images from the cache, the queue, or both."""
    await caching.clear(caching.of(request.parts), (request.header("x-image-cache-clear-target") or "").lower())
    return no_content()
