"""From a stream of bytes to an image's bytes in a store: joined to blocks, written, hashed, inspected. No records here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from msgspec import Struct

from ..kernel.errors import Invalid, TooLarge, UnsupportedMedia
from . import formats
from .bytestores import BLOCK, Digests, Incoming
from .model import PLAIN_CONTAINERS, Facts, Image

OnBlock = Callable[[int], Awaitable[None]]
"""Called with the number of bytes so far."""


class Wanted(Struct, frozen=True):
    """What the bytes have to be: at most `largest`; `size` and `md5` (hexadecimal) if the client said so.

    `disk_format` None: they are not looked into, for they are a container, or wait to be worked on.
    """

    largest: int
    disk_format: str | None = None
    size: int | None = None
    md5: str | None = None


def plain_format(image: Image) -> str | None:
    """The format that an image's bytes must have; None for containers which are not just the disk."""
    return (image.disk_format or "raw") if image.container_format in PLAIN_CONTAINERS else None


async def blocks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, joined to blocks of about `BLOCK` bytes."""
    waiting: list[bytes] = []
    size = 0
    async for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


async def pour(incoming: Incoming, source: AsyncIterator[bytes], wanted: Wanted, on_block: OnBlock) -> None:
    """Write all blocks. Raises TooLarge, UnsupportedMedia as soon as the first block is wrong, and what the source raises."""
    async for block in source:
        if incoming.size == 0 and wanted.disk_format:
            _check(wanted.disk_format, formats.inspect(formats.within(block)), complete=False)
        if incoming.size + len(block) > wanted.largest:
            raise TooLarge(f"The image has more than {wanted.largest} bytes, which is the limit.")
        await incoming.add(block)
        await on_block(incoming.size)


async def examine(incoming: Incoming, wanted: Wanted, aside: Callable[..., Awaitable[Any]]) -> Facts:
    """What the bytes are, once all are written. Raises Invalid, UnsupportedMedia if they are not what they have to be."""
    digests = await incoming.flush()
    _compare(digests, wanted)
    virtual_size = None
    if wanted.disk_format is not None:
        found: formats.Found = await aside(inspected, wanted.disk_format, incoming.look, digests.size)
        virtual_size = formats.virtual_size(wanted.disk_format, found, digests.size)
    return Facts(digests.size, virtual_size, digests.md5, digests.multihash, digests.algorithm)


def inspected(disk_format: str, look: formats.Look, size: int) -> formats.Found:
    """What all the bytes are. Raises UnsupportedMedia if they are not what they are said to be, or unsafe."""
    found = formats.inspect(look, size)
    _check(disk_format, found)
    return found


def _compare(digests: Digests, wanted: Wanted) -> None:
    if wanted.size is not None and wanted.size != digests.size:
        raise Invalid(f"The image has {digests.size} bytes, but {wanted.size} were announced.")
    if wanted.md5 is not None and wanted.md5 != digests.md5:
        raise Invalid(f"The image's MD5 is {digests.md5}, but {wanted.md5} was announced.")


def _check(disk_format: str, found: formats.Found, complete: bool = True) -> None:
    objection = formats.objection(disk_format, found, complete)
    if objection:
        raise UnsupportedMedia(objection)
