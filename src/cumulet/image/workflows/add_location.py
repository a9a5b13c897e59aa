"""A web server has an image's bytes: read them once, to know what they are, then make the image active.

importing → active   once all bytes were read, hashed and inspected
importing → queued   if they cannot be, or are not what they were said to be
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from msgspec import Struct

from ...kernel.db import Tx
from ...kernel.errors import Invalid, TooLarge, Unavailable
from ...kernel.workflow import Call, Failure, Workflow, command, hours, step, workflow
from .. import intake, signatures
from ..bytestores import BLOCK, ByteStore, Incoming
from ..intake import Wanted
from ..model import HASH, IMPORTING, TASK_FAILURE, TASK_PROCESSING, TASK_SUCCESS, Attempt, Facts, Location
from ..parts import Parts
from ..store import labels, transitions
from .import_image import TASK, accept, add_place, set_status


class Given(Struct, frozen=True):
    """One location, as its task `task_id`.

    `disk_format` None: the bytes are not looked into. `digest` is an algorithm, and what it has to make of them. `algorithm` is
    what the image is hashed by.
    """

    task_id: str
    image_id: str
    location: Location
    disk_format: str | None
    digest: tuple[str, str] | None = None
    algorithm: str = HASH
    signed: dict[str, str] = {}
    storage_quota: int = 0

    @property
    def attempt(self) -> Attempt:
        """The try to fill the image."""
        return Attempt(self.image_id, self.task_id, IMPORTING)


class _Seen:
    """A sink that at most hashes: the bytes stay where they are, and are read again for a closer look."""

    def __init__(self, store: ByteStore, key: str, size: int, algorithm: str | None) -> None:
        self._store, self._key, self._size = store, key, size
        self._hash = hashlib.new(algorithm) if algorithm else None
        self._block = (-1, b"")

    @property
    def digest(self) -> str:
        """The hash of all bytes, hexadecimal."""
        return self._hash.hexdigest() if self._hash else ""

    def write(self, block: bytes) -> None:
        """Hash."""
        if self._hash:
            self._hash.update(block)

    def take(self, path: Path) -> bool:
        """Never."""
        return False

    def flush(self) -> None:
        """Nothing."""

    def look(self, offset: int, count: int) -> bytes:
        """Read a block, and keep the last one: inspectors look at one place several times."""
        found = b""
        while count > 0 and offset < self._size:
            start = offset - offset % BLOCK
            if self._block[0] != start:
                wanted = min(BLOCK, self._size - start)
                self._block = (start, b"".join(self._store.store.blocks(self._key, start, wanted)))
            piece = self._block[1][offset - start :][:count]
            found, offset, count = found + piece, offset + len(piece), count - len(piece)
        return found

    def keep(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


@step
async def begin(tx: Tx, image_id: str, given: Given) -> None:
    """The task runs."""
    await set_status(tx, given.task_id, TASK_PROCESSING, "The data is being read.")
    await labels.change_properties(tx, image_id, {TASK: given.task_id})


@command
async def examine(call: Call, given: Given) -> Facts:
    """Read all bytes. Raises Invalid (another hash), TooLarge, UnsupportedMedia, Unavailable."""
    parts: Parts = call.services.images
    store, key = parts.stores.get(given.location.store), given.location.key
    size = await store.size(key)
    if size is None:
        raise Unavailable("The server does not say how many bytes the image has, or does not have it.")
    if size > parts.settings.largest:
        raise TooLarge(f"The image has {size} bytes; the limit is {parts.settings.largest}.")
    wanted = Wanted(parts.settings.largest, given.disk_format, size)
    seen = _Seen(store, key, size, given.digest[0] if given.digest else None)
    incoming = Incoming(store.submit, seen, given.algorithm)
    blocks = signatures.checked(parts.certificates, given.signed, await store.read(key, 0, size))
    await intake.pour(incoming, blocks, wanted, _quietly)
    facts = await intake.examine(incoming, wanted, store.aside)
    if given.digest is not None and seen.digest != given.digest[1]:
        raise Invalid(f"The data at the location has the {given.digest[0]} {seen.digest}, not the one that was announced.")
    return facts


async def _quietly(size: int) -> None:
    """Nobody is told how far it is."""


@step
async def mark_active(tx: Tx, image_id: str, given: Given, facts: Facts) -> None:
    """The image is there, or it is in one more place. Raises Gone."""
    if await transitions.activate(tx, given.attempt, facts, given.location):
        await accept(tx, image_id, given.storage_quota, given.location.store)
    else:
        await add_place(tx, image_id, facts, given.location)
    await labels.change_properties(tx, image_id, {TASK: None})
    await set_status(tx, given.task_id, TASK_SUCCESS, "The location was added.", {"image_id": image_id})


@step
async def mark_failed(tx: Tx, image_id: str, given: Given, failure: Failure) -> None:
    """The image is queued again; the task says why."""
    await transitions.requeue(tx, given.attempt)
    await labels.change_properties(tx, image_id, {TASK: None})
    await set_status(tx, given.task_id, TASK_FAILURE, failure.message)


@workflow(resource="image", deadline=hours(24), on_failure=mark_failed)
async def add_location(wf: Workflow, image_id: str, given: Given) -> None:
    """Read, then note."""
    await wf.step(begin, image_id, given)
    facts = await wf.step(examine, given)
    await wf.finish(mark_active, image_id, given, facts)
