"""Keeping copies of images that are far away (decision 35); `downloads` reads them.

https://docs.openstack.org/glance/latest/admin/cache.html
"""

from __future__ import annotations

import logging
from typing import Any

from ....kernel.db import Tx
from ....kernel.errors import Invalid, NotFound, Problem, Unavailable
from ...bytestores.cache import Cache, Copy
from ...model import ACTIVE, HASH, Image, Location
from ...parts import Parts
from ...store import images

log = logging.getLogger("cumulet.image")

EVERY = 30.0
"""How often, in seconds, it is looked for something to fetch; also at once after a signal of `TOPIC`."""

TOPIC = "image-cache"

TARGETS = ("", "cache", "queue")


def of(parts: Parts) -> Cache:
    """The cache. Raises NotFound where there is none."""
    if parts.cache is None:
        raise NotFound("Caching via API is not supported at this site.")
    return parts.cache


def shown(cache: Cache) -> dict[str, Any]:
    """What is cached and what is going to be, as the API shows it."""
    copies = [
        {"image_id": c.image_id, "hits": c.hits, "last_accessed": c.accessed, "last_modified": c.modified, "size": c.size}
        for c in cache.copies
    ]
    return {"cached_images": copies, "queued_images": cache.queue}


def queue(tx: Tx, cache: Cache, image: Image) -> None:
    """Have a copy made. Raises Invalid for an image that has no bytes."""
    if image.status != ACTIVE:
        raise Invalid(f"Only active images can be queued for caching; image {image.id} is {image.status}.")
    cache.want(image.id)
    tx.signal(TOPIC, image.id)


async def drop(cache: Cache, image_id: str) -> None:
    """Remove an image from the cache and from the queue."""
    cache.unwant([image_id])
    await cache.forget([copy for copy in cache.copies if copy.image_id == image_id])
    await cache.save()


async def clear(cache: Cache, target: str) -> None:
    """Remove everything from the `cache`, the `queue` or, if empty, from both. Raises Invalid for another target."""
    if target not in TARGETS:
        raise Invalid(f"x-image-cache-clear-target must be 'cache', 'queue' or empty, not {target!r}.")
    if target != "cache":
        cache.unwant(cache.queue)
    if target != "queue":
        await cache.forget(cache.copies)
    await cache.save()


async def fill(parts: Parts) -> None:
    """Fetch what is queued, and remove the copies of bytes that no image has any more. What fails stays queued."""
    cache = of(parts)
    for image_id in cache.queue:
        try:
            await _fetch(parts, cache, image_id)
        except Problem as problem:
            log.warning("image %s is not cached yet: %s", image_id, problem.message)
    await _forget_the_gone(parts, cache)
    await cache.save()


async def _fetch(parts: Parts, cache: Cache, image_id: str) -> None:
    async with parts.db.read() as tx:
        image = await images.find(tx, image_id, None)
    if image is not None and image.status == ACTIVE:
        at = parts.stores.best_location(image.locations)
        if cache.find(image_id, at.key) is None:
            await _copy(parts, cache, image, at)
    cache.unwant([image_id])


async def _copy(parts: Parts, cache: Cache, image: Image, at: Location) -> None:
    problem = await _lack(parts, cache, image.size or 0)
    if problem:
        log.warning("image %s is not cached: %s", image.id, problem)
        return
    await cache.forget([copy for copy in cache.copies if copy.image_id == image.id])
    copy = Copy(image.id, at.key, image.size or 0, parts.db.clock.now())
    incoming = await cache.bytes.write(copy.file, image.os_hash_algo or HASH)
    try:
        async for block in await parts.stores.get(at.store).read(at.key, 0, copy.size):
            await incoming.add(block)
        digests = await incoming.flush()
        if image.os_hash_value not in (None, digests.multihash):
            raise Unavailable(
                f"what store {at.store} sends has the {digests.algorithm} {digests.multihash}, the image has {image.os_hash_value}"
            )
        await incoming.keep()
    except BaseException:
        await incoming.close()
        await cache.bytes.drop(copy.file)
        raise
    await incoming.close()
    cache.keep(copy)


async def _lack(parts: Parts, cache: Cache, size: int) -> str | None:
    """Why there cannot be room for so many bytes; None once there is."""
    free = (await cache.bytes.health()).free
    if free is not None and free < size + parts.settings.reserve:
        return f"of {free} free bytes on its disk {parts.settings.reserve} are kept free, and it has {size}"
    return None if await cache.make_room(size) else f"its {size} bytes are more than the cache's {cache.limit}"


async def _forget_the_gone(parts: Parts, cache: Cache) -> None:
    copies = cache.copies
    if not copies:
        return
    async with parts.db.read() as tx:
        there = await images.many(tx, [copy.image_id for copy in copies], None)
    live = {(image.id, location.key) for image in there for location in image.locations}
    await cache.forget([copy for copy in copies if (copy.image_id, copy.key) not in live])
