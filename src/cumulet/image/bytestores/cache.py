"""Copies of images' bytes on this machine's disk, for those that are kept far away.

    copies/       the bytes, as in any store of files
    index.json    which copy is whose, what it was used for, and which images are to be fetched

The index is written after changes, by `save`. Uses since the last time are lost in a crash, and so is a copy that it does not name:
the original is somewhere else.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from .bytestore import ByteStore, workers
from .file import FileStore

log = logging.getLogger("cumulet.image")


class Copy(Struct):
    """A copy of the bytes that some store has under `key`. Times are seconds since the epoch, `accessed` 0 before the first use."""

    image_id: str
    key: str
    size: int
    modified: float
    accessed: float = 0.0
    hits: int = 0

    @property
    def file(self) -> str:
        """Its key among the copies: other bytes of the same image have another one."""
        return copy_key(self.image_id, self.key)


class _Index(Struct):
    copies: list[Copy] = []
    queue: list[str] = []


class Cache:
    """The copies in the folder `root`, at most `limit` bytes of them."""

    def __init__(self, root: Path, limit: int) -> None:
        self.limit = limit
        self._files = FileStore(root / "copies")
        self.bytes = ByteStore("cache", self._files, workers())
        self._path = root / "index.json"
        self._saved = self._path.read_bytes() if self._path.exists() else b"{}"
        index = _read(self._saved)
        whole = set(self._files.complete())
        self._copies = {copy.image_id: copy for copy in index.copies if copy.file in whole}
        self._queue = dict.fromkeys(index.queue)
        for stray in {*self._files.incoming(), *whole} - {copy.file for copy in self._copies.values()}:
            self._files.drop(stray)

    @property
    def copies(self) -> list[Copy]:
        """What there is, the least recently used first."""
        return sorted(self._copies.values(), key=lambda copy: copy.accessed or copy.modified)

    @property
    def queue(self) -> list[str]:
        """The ids of the images that are to be fetched, in this order."""
        return list(self._queue)

    def find(self, image_id: str, key: str) -> Copy | None:
        """The copy of these bytes of an image."""
        copy = self._copies.get(image_id)
        return copy if copy and copy.key == key else None

    def use(self, copy: Copy, now: float) -> None:
        """Note that a copy was read."""
        copy.hits, copy.accessed = copy.hits + 1, now

    def want(self, image_id: str) -> None:
        """Put an image into the queue, unless it is there."""
        self._queue.setdefault(image_id)

    def unwant(self, image_ids: Iterable[str]) -> None:
        """Take images out of the queue."""
        for image_id in image_ids:
            self._queue.pop(image_id, None)

    def keep(self, copy: Copy) -> None:
        """Note a copy whose bytes are complete."""
        self._copies[copy.image_id] = copy

    async def forget(self, copies: Iterable[Copy]) -> None:
        """Remove copies. Who is reading one reads it to its end."""
        for copy in copies:
            if self._copies.get(copy.image_id) is copy:
                del self._copies[copy.image_id]
            await self.bytes.drop(copy.file)

    async def make_room(self, size: int) -> bool:
        """Remove what was not used for longest until `size` more bytes are within the limit; False if they never can be."""
        if size > self.limit:
            return False
        used = sum(copy.size for copy in self._copies.values())
        for copy in self.copies:
            if used + size > self.limit:
                await self.forget([copy])
                used -= copy.size
        return True

    async def save(self) -> None:
        """Write the index, if it has changed."""
        said = msgspec.json.encode(_Index(self.copies, self.queue))
        if said != self._saved:
            await self.bytes.aside(self._write, said)
            self._saved = said

    def _write(self, said: bytes) -> None:
        partial = self._path.with_suffix(".partial")
        partial.write_bytes(said)
        os.replace(partial, self._path)

    def close(self) -> None:
        """Finish what the threads are doing, and write the index."""
        self.bytes.close()
        self._write(msgspec.json.encode(_Index(self.copies, self.queue)))


def open_cache(root: Path, limit: int) -> Cache | None:
    """The cache in the folder `root`; none if nothing may be in it."""
    return Cache(root, limit) if limit else None


def _read(said: bytes) -> _Index:
    try:
        return msgspec.json.decode(said, type=_Index)
    except msgspec.DecodeError as problem:
        log.warning("the index of cached images cannot be read, so they are fetched again: %s", problem)
        return _Index()


def copy_key(image_id: str, key: str) -> str:
    """The key of a copy; those of other stores may be URLs."""
    return f"{image_id}.{hashlib.sha256(key.encode()).hexdigest()[:16]}"
