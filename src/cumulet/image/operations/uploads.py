"""Getting an image's bytes in.

    queued → saving   one statement: a second upload is refused from here on
    bytes             received, inspected, written and hashed block by block; then flushed and made complete
    saving → active   one statement: hashes and size appear together; in the same transaction, where the bytes are

An image is staged in the same way, but into the staging store, where it waits for its import: it is `uploading` from then on.

Whatever goes wrong on the way, the image is queued again and the bytes are gone. After a crash the sweeper does both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import msgspec
from msgspec import Struct

from ...kernel import ids
from ...kernel.db import Tx
from ...kernel.errors import Conflict, Gone, Problem, TooLarge
from .. import events, intake, quotas, rules, signatures
from ..bytestores import ByteStore
from ..intake import Wanted
from ..model import ACTIVE, DELETED, QUEUED, UPLOADING, Attempt, Facts, Image, Location
from ..parts import Parts
from ..store import images, locations, transitions
from . import images as records
from . import placing

log = logging.getLogger("cumulet.image")

SIGN_OF_LIFE = 60.0
"""Seconds after which a running upload says that it goes on."""


class Announced(Struct, frozen=True):
    """What the client says of the bytes before it sends them: how many, their MD5 (hexadecimal), which store is to have them."""

    size: int | None = None
    md5: str | None = None
    store: str | None = None


NOTHING = Announced()


async def receive(parts: Parts, image: Image, pieces: AsyncIterator[bytes], announced: Announced = NOTHING) -> None:
    """Fill a queued image from `pieces`.

    Raises Invalid (no formats, wrong size, MD5 or signature, no such store, client gone), Conflict (not queued), Gone (deleted
    meanwhile), TooLarge (above a limit, or the store is full), UnsupportedMedia (unsafe, or not what its disk_format says),
    Unavailable.
    """
    rules.check_uploadable(image)
    store = parts.stores.writable(announced.store)
    wanted = Wanted(parts.settings.largest, intake.plain_format(image), announced.size, announced.md5)
    pieces = signatures.checked(parts.certificates, image.properties, pieces)
    await _upload(_Upload(parts, store, Attempt(image.id, ids.new_hex()), wanted, image), pieces, _activate)


async def stage(parts: Parts, image: Image, pieces: AsyncIterator[bytes], announced: Announced = NOTHING) -> None:
    """Put a queued image's bytes where its import finds them; they are not looked into before that. Raises what `receive` does."""
    rules.check_stageable(image)
    wanted = Wanted(parts.settings.largest, None, announced.size, announced.md5)
    attempt = Attempt(image.id, ids.new_hex(), UPLOADING)
    await _upload(_Upload(parts, parts.stores.staging, attempt, wanted, image), pieces, _wait)


async def fill(parts: Parts, image_id: str, attempt_id: str, pieces: AsyncIterator[bytes]) -> None:
    """Fill an image in a workflow: `receive` for who may be killed in the middle and called again with the same `attempt_id`.

    Done already if the image is active. Raises what `receive` does.
    """
    async with parts.db.tx() as tx:
        image = await images.find(tx, image_id, None)
        if image is None:
            raise Gone(f"Image {image_id} was deleted meanwhile; the data is discarded.")
        if image.status == ACTIVE:
            return
        attempt = Attempt(image_id, attempt_id)
        if await transitions.requeue(tx, attempt):
            image = msgspec.structs.replace(image, status=QUEUED)
    rules.check_uploadable(image)
    store, wanted = parts.stores.writable(), Wanted(parts.settings.largest, intake.plain_format(image))
    await store.drop(attempt.key)
    await _upload(_Upload(parts, store, attempt, wanted, image), pieces, _activate)


async def unfill(parts: Parts, image_id: str) -> None:
    """Undo `fill`, and the image with it: it is deleted, and its bytes are put away. Nothing happens if it is deleted already."""
    async with parts.db.tx() as tx:
        image = await images.find(tx, image_id, None)
        if image is not None and not image.protected:
            await records.delete(tx, image)
    if image is not None and not image.protected:
        await placing.put_away(parts, image.locations)


class _Upload(Struct, frozen=True):
    """One upload: which attempt writes where, and what the bytes have to be."""

    parts: Parts
    store: ByteStore
    attempt: Attempt
    wanted: Wanted
    image: Image

    @property
    def key(self) -> str:
        return self.attempt.staged_key if self.attempt.status == UPLOADING else self.attempt.key

    @property
    def algorithm(self) -> str | None:
        """Staged bytes are hashed when they are imported."""
        is_hashed = self.attempt.status != UPLOADING or self.wanted.md5 is not None
        return self.parts.settings.hashing_algorithm if is_hashed else None


_Finish = Callable[[Tx, _Upload, Facts], Coroutine[Any, Any, bool]]
"""Writes what the image is now; False if it is not the upload's any more."""


async def _upload(upload: _Upload, pieces: AsyncIterator[bytes], finish: _Finish) -> None:
    await _check_room(upload)
    try:
        quota = await _begin(upload)
        facts = await _take_in(upload, pieces)
        async with upload.parts.db.tx() as tx:
            if not await finish(tx, upload, facts):
                raise await _lost(upload)
            await quotas.check(tx, quota)
    except BaseException as problem:
        await asyncio.shield(_give_up(upload, problem))
        raise


async def _take_in(upload: _Upload, pieces: AsyncIterator[bytes]) -> Facts:
    """Receive, write and look into all bytes; they are durable in the end."""
    incoming = await upload.store.write(upload.key, upload.algorithm)
    try:
        on_block = _signs_of_life(upload)
        await intake.pour(incoming, intake.blocks(pieces), upload.wanted, on_block)
        await on_block(incoming.size)
        facts = await intake.examine(incoming, upload.wanted, upload.store.aside)
        await incoming.keep()
    finally:
        await asyncio.shield(incoming.close())
    return facts


async def _check_room(upload: _Upload) -> None:
    """Refuse what cannot fit before anything is read."""
    size, largest = upload.wanted.size or 0, upload.wanted.largest
    if size > largest:
        raise TooLarge(f"The image has {size} bytes; the limit is {largest}.")
    free = (await upload.store.health()).free
    if free is not None and size > free:
        raise TooLarge(f"The image store is full: the image needs {size} bytes, {free} are free.")


async def _begin(upload: _Upload) -> quotas.Quota:
    image, parts = upload.image, upload.parts
    async with parts.db.tx() as tx:
        if not await transitions.begin(tx, upload.attempt, upload.wanted.size):
            now = await images.trace(tx, image.id)
            rules.check_stageable(msgspec.structs.replace(image, status=now.status if now else DELETED))
        quota = await quotas.of_project(tx, image.owner, parts.settings.storage_quota)
        await quotas.check(tx, quota)
        begun = msgspec.structs.replace(image, status=upload.attempt.status)
        if begun.status == UPLOADING:
            await events.of_image(tx, "update", begun)
        else:
            await events.of_image(tx, "prepare", begun, upload.store.name)
    return quota


def _signs_of_life(upload: _Upload) -> intake.OnBlock:
    """Says, about once a minute, that the upload goes on. Raises Gone, Conflict."""
    clock = upload.parts.db.clock
    heard = clock.now()

    async def on_block(size: int) -> None:
        nonlocal heard
        if clock.now() - heard > SIGN_OF_LIFE:
            heard = clock.now()
            async with upload.parts.db.tx() as tx:
                if not await transitions.renew(tx, upload.attempt):
                    raise await _lost(upload)

    return on_block


async def _activate(tx: Tx, upload: _Upload, facts: Facts) -> bool:
    done = await transitions.activate(tx, upload.attempt, facts, Location(upload.store.name, upload.key))
    if done:
        active = msgspec.structs.replace(upload.image, status=ACTIVE, **msgspec.structs.asdict(facts))
        await events.of_image(tx, "upload", active, upload.store.name)
        await events.of_image(tx, "activate", active)
    return done


async def _wait(tx: Tx, upload: _Upload, facts: Facts) -> bool:
    return await transitions.wait(tx, upload.attempt, facts.size)


async def _lost(upload: _Upload) -> Problem:
    """Why the image is not ours any more."""
    image_id = upload.attempt.image_id
    async with upload.parts.db.read() as tx:
        now = await images.trace(tx, image_id)
    if now is None or now.status == DELETED:
        return Gone(f"Image {image_id} was deleted during the upload; the data is discarded.")
    return Conflict(f"The upload of image {image_id} made no progress for too long and was given up.")


async def _give_up(upload: _Upload, problem: BaseException) -> None:
    """Back to queued, and no bytes left, unless they became the image's after all. What fails here is left to the sweeper."""
    attempt = upload.attempt
    try:
        async with upload.parts.db.tx() as tx:
            if await transitions.requeue(tx, attempt):
                why = problem.message if isinstance(problem, Problem) else "the upload was cut off."
                await events.of_failed_upload(tx, attempt.image_id, why)
            needed = await locations.is_live(tx, upload.store.name, upload.key) or await images.is_attempted(tx, attempt)
        if not needed:
            await upload.store.drop(upload.key)
    except Exception:
        log.exception("giving up the upload of image %s: the sweeper will have to", attempt.image_id)
