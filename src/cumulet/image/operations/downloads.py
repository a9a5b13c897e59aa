"""Getting an image's bytes out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from msgspec import Struct

from ...kernel.errors import Invalid, RangeUnsatisfiable, Unavailable
from ...kernel.policy import Actor
from .. import events, rules
from ..bytestores import FileStore
from ..bytestores.cache import Cache
from ..model import ACTIVE, DEACTIVATED, Image, Location
from ..parts import Parts

_RANGE = re.compile(r"^bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})$")


class Part(Struct, frozen=True):
    """`count` bytes of an image of `total` bytes, from `first` on; `whole` if nobody asked for less."""

    first: int
    count: int
    total: int
    whole: bool


def has_data(image: Image) -> bool:
    """Whether there are bytes, readable or not."""
    return image.status in (ACTIVE, DEACTIVATED)


def part(size: int, wanted: str | None) -> Part:
    """What a Range header (RFC 9110, section 14) asks for. Raises Invalid for several ranges, RangeUnsatisfiable.

    The problem's code is the Content-Range of the answer.
    """
    if wanted is None:
        return Part(0, size, size, True)
    if "," in wanted:
        raise Invalid("Requests with multiple ranges are not supported. Make several requests with one range each.")
    parsed = _RANGE.match(wanted.strip())
    first, last = _bounds(parsed.group(1), parsed.group(2), size) if parsed else (0, -1)
    if first > last:
        raise RangeUnsatisfiable(f"The range {wanted!r} does not lie in the image's {size} bytes.", code=f"bytes */{size}")
    return Part(first, last - first + 1, size, False)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """The first and the last byte; the first is the larger one if there is nothing to send."""
    if not first:
        return max(size - int(last), 0) if last else size, size - 1
    if last and int(last) < int(first):
        return 0, -1
    return int(first), min(int(last), size - 1) if last else size - 1


async def pieces(parts: Parts, image: Image, wanted: Part) -> AsyncIterator[bytes]:
    """The bytes. Raises Forbidden for a deactivated image, Conflict for one that is not active, Unavailable."""
    rules.check_readable(image)
    found = parts.stores.best_location(image.locations)
    cached = await _cached(parts, parts.cache, image, found, wanted) if parts.cache else None
    return cached or await parts.stores.get(found.store).read(found.key, wanted.first, wanted.count)


async def _cached(parts: Parts, cache: Cache, image: Image, at: Location, wanted: Part) -> AsyncIterator[bytes] | None:
    """The bytes from the cache; None if they are not there. What is read whole from another machine is cached next."""
    copy = cache.find(image.id, at.key)
    if copy is None:
        if wanted.whole and not isinstance(parts.stores.get(at.store).store, FileStore):
            cache.want(image.id)
        return None
    try:
        blocks = await cache.bytes.read(copy.file, wanted.first, wanted.count)
    except Unavailable:
        await cache.forget([copy])
        return None
    cache.use(copy, parts.db.clock.now())
    return blocks


def watched(parts: Parts, actor: Actor, image: Image, wanted: Part, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes; if anybody wants to hear of it, he is told how many went, also when the client goes away."""
    return _telling(parts, actor, image, wanted, pieces) if parts.db.tells else pieces


async def _telling(parts: Parts, actor: Actor, image: Image, wanted: Part, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    sent = 0
    try:
        async for piece in pieces:
            yield piece
            sent += len(piece)
    finally:
        await asyncio.shield(_tell(parts, actor, image, sent, wanted.count))


async def _tell(parts: Parts, actor: Actor, image: Image, sent: int, wanted: int) -> None:
    async with parts.db.tx() as tx:
        await events.of_download(tx, actor, image, sent, wanted)
