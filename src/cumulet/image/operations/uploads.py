"""Getting an image's bytes in.

    queued → saving   one statement: a second upload is refused from here on
    bytes             received, inspected, written and hashed block by block; then flushed and renamed
    saving → active   one statement: hashes, size and the bytes' name appear together

Whatever goes wrong on the way, the image is queued again and the bytes are gone. After a crash the sweeper does both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import msgspec

from ...kernel import ids
from ...kernel.errors import Conflict, Gone, Invalid, Problem, TooLarge, UnsupportedMedia
from .. import formats, rules, signatures
from ..bytes import BLOCK, Incoming
from ..model import ACTIVE, DELETED, PLAIN_CONTAINERS, SAVING, Attempt, Image
from ..parts import Parts
from ..store import images, transitions
from . import events, quotas

log = logging.getLogger("cumulet.image")

SIGN_OF_LIFE = 60.0
"""Seconds after which a running upload says that it goes on."""


async def receive(parts: Parts, image: Image, pieces: AsyncIterator[bytes], declared: int | None = None) -> None:
    """Fill a queued image from `pieces`; `declared` is the size in bytes that the client announced.

    Raises Invalid (no formats, wrong size or signature, client gone), Conflict (not queued), Gone (deleted meanwhile), TooLarge
    (above a limit, or the store is full), UnsupportedMedia (unsafe, or not what its disk_format says), Unavailable.
    """
    rules.check_uploadable(image)
    _check_room(parts, declared or 0)
    pieces = signatures.checked(parts.certificates, image.properties, pieces)
    attempt = Attempt(image.id, ids.new_hex())
    try:
        quota = await _begin(parts, attempt, image, declared)
        incoming = await parts.store.write(attempt.key)
        try:
            await _fill(parts, attempt, incoming, _blocks(pieces), image)
            await _finish(parts, attempt, incoming, image, declared, quota)
        finally:
            await asyncio.shield(incoming.close())
    except BaseException:
        await asyncio.shield(_give_up(parts, attempt))
        raise


def _check_room(parts: Parts, size: int) -> None:
    if size > parts.settings.largest:
        raise TooLarge(f"The image has {size} bytes; the limit is {parts.settings.largest}.")
    if size > parts.store.free():
        raise TooLarge(f"The image store is full: the image needs {size} bytes, {parts.store.free()} are free.")


async def _begin(parts: Parts, attempt: Attempt, image: Image, declared: int | None) -> quotas.Quota:
    async with parts.db.tx() as tx:
        if not await transitions.begin(tx, attempt, declared):
            now = await images.trace(tx, image.id)
            rules.check_uploadable(msgspec.structs.replace(image, status=now.status if now else DELETED))
        quota = await quotas.of_project(tx, image.owner, parts.settings.storage_quota)
        await quotas.check(tx, quota)
        await events.of_image(tx, "prepare", msgspec.structs.replace(image, status=SAVING))
    return quota


async def _blocks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
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


async def _fill(parts: Parts, attempt: Attempt, incoming: Incoming, blocks: AsyncIterator[bytes], image: Image) -> None:
    heard = parts.db.clock.now()
    async for block in blocks:
        if incoming.size == 0:
            _inspect(image, formats.inspect(formats.within(block)), complete=False)
        if incoming.size + len(block) > parts.settings.largest:
            raise TooLarge(f"The image has more than {parts.settings.largest} bytes, which is the limit.")
        await incoming.add(block)
        heard = await _sign_of_life(parts, attempt, heard)
    await _sign_of_life(parts, attempt, heard)


def _inspect(image: Image, found: formats.Found, complete: bool = True) -> None:
    """Raise UnsupportedMedia if a plain disk is not what it should be. Other containers are not looked into."""
    if image.container_format in PLAIN_CONTAINERS:
        objection = formats.objection(image.disk_format or "raw", found, complete)
        if objection:
            raise UnsupportedMedia(objection)


async def _sign_of_life(parts: Parts, attempt: Attempt, heard: float) -> float:
    """Say that the upload goes on, if the last time is long ago; when it was said last. Raises Gone, Conflict."""
    now = parts.db.clock.now()
    if now - heard <= SIGN_OF_LIFE:
        return heard
    async with parts.db.tx() as tx:
        if not await transitions.renew(tx, attempt):
            raise await _lost(parts, attempt)
    return now


async def _finish(
    parts: Parts, attempt: Attempt, incoming: Incoming, image: Image, declared: int | None, quota: quotas.Quota
) -> None:
    digests = await incoming.flush()
    if declared is not None and declared != digests.size:
        raise Invalid(f"The image has {digests.size} bytes, but {declared} were announced.")
    found = await parts.store.aside(formats.inspect, incoming.look, digests.size)
    _inspect(image, found)
    await incoming.keep()
    plain = image.container_format in PLAIN_CONTAINERS
    virtual_size = formats.virtual_size(image.disk_format or "raw", found, digests.size) if plain else None
    facts = {"size": digests.size, "virtual_size": virtual_size, "checksum": digests.md5, "os_hash_value": digests.sha512}
    async with parts.db.tx() as tx:
        if not await transitions.activate(tx, attempt, **facts):
            raise await _lost(parts, attempt)
        await quotas.check(tx, quota)
        active = msgspec.structs.replace(image, status=ACTIVE, **facts)
        for event in ("upload", "activate"):
            await events.of_image(tx, event, active)


async def _lost(parts: Parts, attempt: Attempt) -> Problem:
    """Why the image is not ours any more."""
    async with parts.db.read() as tx:
        now = await images.trace(tx, attempt.image_id)
    if now is None or now.status == DELETED:
        return Gone(f"Image {attempt.image_id} was deleted during the upload; the data is discarded.")
    return Conflict(f"The upload of image {attempt.image_id} made no progress for too long and was given up.")


async def _give_up(parts: Parts, attempt: Attempt) -> None:
    """Back to queued, and no bytes left, unless they became the image's after all. What fails here is left to the sweeper."""
    try:
        async with parts.db.tx() as tx:
            await transitions.requeue(tx, attempt)
            now = await images.trace(tx, attempt.image_id)
        if now is None or not now.owns(attempt.key):
            await parts.store.drop(attempt.key)
    except Exception:
        log.exception("giving up the upload of image %s: the sweeper will have to", attempt.image_id)
