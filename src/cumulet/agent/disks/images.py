"""The cache of verified images: the read-only bases of root disks."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from weakref import WeakValueDictionary

from msgspec import Struct

from cumulet.contract.guests import ImageSource
from cumulet.kernel.ceph.client import Client
from cumulet.kernel.db import Duplicate
from cumulet.kernel.errors import Problem
from cumulet.kernel.ids import derived_uuid

from ..refusals import Refusal
from ..store.ledger import Ledger, Object
from . import files, formats, sources
from .layout import Layout, safe, unfinished

log = logging.getLogger(__name__)

_COPIES = 2


Need = Callable[[int], Awaitable[None]]
"""Makes sure that so many bytes can be written. Raises the Refusal no_space."""


class Base(Struct, frozen=True):
    """A cached image. `format` is QEMU's name for it, `virtual_size` in bytes."""

    object_id: str
    path: Path
    format: str
    virtual_size: int


def object_id(image: ImageSource) -> str:
    """The ledger's id of a cached image. Other content is another object, whatever it is called."""
    return derived_uuid("image", image.image_id, image.digest, image.disk_format)


class ImageCache:
    """At most one download of an image at a time; whoever needs it too waits for the same one."""

    def __init__(self, layout: Layout, ledger: Ledger, need: Need, ceph: Client) -> None:
        self._ceph = ceph
        self._layout = layout
        self._ledger = ledger
        self._need = need
        # Copies take minutes: they must not keep the process's other short work waiting for a thread.
        self._threads = ThreadPoolExecutor(_COPIES, thread_name_prefix="images")
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ensure(self, image: ImageSource) -> Base:
        """The image's file on this host, fetched and verified if it is not there.

        Raises Refusal: image_corrupt, no_space, or failed if the source cannot be read.
        """
        name = f"{safe(image.image_id)}-{object_id(image)[:8]}"
        path = self._layout.absolute(self._layout.of(name, "image"))
        async with self._turn(object_id(image)):
            if await self._ledger.find(name, "image") is None or not path.exists():
                await self._fetch(image, path)
                await self._record(image, name)
            await self._ledger.touch(object_id(image))
            return await self._describe(image, path)

    async def purge(self, unused_for: float) -> None:
        """Remove images that no object is based on, and that nobody asked for in the last `unused_for` seconds."""
        before = self._ledger.clock.now() - unused_for
        for cached in await self._ledger.of_kind("image"):
            async with self._turn(cached.id):
                now = await self._ledger.get(cached.id)
                # `forget` refuses while anything is based on the image (K7).
                if now is not None and now.since <= before and await self._ledger.forget(cached.id):
                    await asyncio.to_thread(files.remove, self._layout.absolute(cached.path))
                    log.info("image %s is not used any more: removed from the cache", cached.owner)

    def _turn(self, name: str) -> asyncio.Lock:
        return self._turns.setdefault(name, asyncio.Lock())

    async def _describe(self, image: ImageSource, path: Path) -> Base:
        form = formats.driver(image.disk_format)
        size = formats.own_size(path, form) if form in ("qcow2", "raw") else await formats.examine(path, image.disk_format)
        return Base(object_id(image), path, form, size)

    async def _record(self, image: ImageSource, name: str) -> None:
        path, now = self._layout.of(name, "image"), self._ledger.clock.now()
        with contextlib.suppress(Duplicate):  # the row outlived its file
            await self._ledger.add(Object(object_id(image), name, "image", path, image.disk_format, "there", "", None, now))

    async def _fetch(self, image: ImageSource, path: Path) -> None:
        await self._need(image.size)
        temporary = unfinished(path)
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, _copy_verified, image, temporary, self._ceph)
            await formats.examine(temporary, image.disk_format)
            temporary.chmod(0o444)
            await asyncio.to_thread(files.publish, temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _copy_verified(image: ImageSource, target: Path, ceph: Client) -> None:
    """Copy and hash in one go. Raises Refusal: image_corrupt, no_space, failed."""
    digest, size = hashlib.new(image.algorithm), 0
    target.unlink(missing_ok=True)
    try:
        with sources.opened(image, ceph) as blocks, target.open("xb") as copy:
            for block in blocks:
                size += len(block)
                digest.update(block)
                copy.write(block)
                if size > image.size:
                    break
    except (Problem, ValueError) as problem:
        raise Refusal(f"Image {image.image_id} cannot be fetched by the host.", internal=str(problem)) from None
    except OSError as problem:
        raise files.refusal_of(problem) from None
    if (size, digest.hexdigest()) != (image.size, image.digest):
        message = f"Image {image.image_id} does not have the content it should have: {size} bytes of {image.size}."
        raise Refusal(message, code="image_corrupt")
