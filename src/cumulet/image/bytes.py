"""Where images' bytes are: files in a folder.

    incoming/     uploads that are being written
    images/       complete ones
    quarantine/   those of deleted images, with the time of their quarantine as modification time

A file's name is its key. Bytes are complete once they are in `images`: they were flushed to disk before they were renamed into it.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from msgspec import Struct

from ..kernel.errors import TooLarge, Unavailable

T = TypeVar("T")

BLOCK = 1 << 20
"""Bytes are written, hashed and read in blocks of this size; an upload holds at most three in memory."""


class Digests(Struct, frozen=True):
    """The size and hashes (hexadecimal) of what was written."""

    size: int
    md5: str
    sha512: str


class Quarantined(Struct, frozen=True):
    """Bytes in quarantine, since when (seconds since the epoch), and how many."""

    key: str
    since: float
    size: int


class ByteStore:
    """The folder `root`, which is made if it is not there. `threads` write and hash, beside the event loop."""

    def __init__(self, root: Path, threads: int | None = None) -> None:
        self.root = root.absolute()
        self._incoming, self._images, self._quarantine = (self.root / name for name in ("incoming", "images", "quarantine"))
        for folder in (self._incoming, self._images, self._quarantine):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        self._threads = ThreadPoolExecutor(threads or 3 * (os.cpu_count() or 1), thread_name_prefix="image-bytes")

    async def aside(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run blocking work beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def submit(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Begin blocking work beside the event loop."""
        return self._threads.submit(work, *arguments)

    def free(self) -> int:
        """How many bytes the folder's disk can still take."""
        figures = os.statvfs(self.root)
        return figures.f_bavail * figures.f_frsize

    def url(self, key: str) -> str:
        """Where an agent on this machine finds the bytes."""
        return (self._images / key).as_uri()

    async def write(self, key: str) -> Incoming:
        """Begin to write. Raises Unavailable, TooLarge (the disk is full)."""
        path = self._incoming / key
        return Incoming(
            self, path, self._images / key, await self.aside(storing, os.open, path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
        )

    async def read(self, key: str, offset: int, count: int) -> AsyncIterator[bytes]:
        """`count` bytes from `offset`, in blocks. Raises Unavailable at once if the bytes are not there."""
        return self._blocks(await self.aside(self._open, key), offset, count)

    def _open(self, key: str) -> BinaryIO:
        try:
            return (self._images / key).open("rb", buffering=0)
        except OSError as problem:
            raise Unavailable("The image's data cannot be read now.", internal=str(problem)) from None

    async def _blocks(self, file: BinaryIO, offset: int, count: int) -> AsyncIterator[bytes]:
        with file:
            while count > 0:
                block = await self.aside(os.pread, file.fileno(), min(BLOCK, count), offset)
                if not block:
                    raise Unavailable("The image's data ends too early.", internal=f"{file.name} at {offset}")
                yield block
                offset, count = offset + len(block), count - len(block)

    async def drop(self, key: str) -> None:
        """Remove what an upload left, complete or not. Only for bytes that no image names."""
        await self.aside(_unlink, self._incoming / key, self._images / key)

    async def quarantine(self, key: str, now: float) -> None:
        """Put bytes out of reach. Nothing happens if they are not in `images`."""
        await self.aside(_move, self._images / key, self._quarantine / key, now)

    async def restore(self, key: str, now: float) -> bool:
        """Take bytes out of quarantine; whether they are in `images` now."""
        await self.aside(_move, self._quarantine / key, self._images / key, now)
        return self.holds(key)

    async def purge(self, key: str) -> None:
        """Remove bytes from quarantine, for ever."""
        await self.aside(_unlink, self._quarantine / key)

    def holds(self, key: str) -> bool:
        """Whether the complete bytes are there."""
        return (self._images / key).exists()

    def incoming(self) -> list[str]:
        """The keys of uploads in progress, and of those that were left unfinished."""
        return os.listdir(self._incoming)

    def complete(self) -> list[str]:
        """The keys of all complete bytes."""
        return os.listdir(self._images)

    def quarantined(self) -> list[Quarantined]:
        """What is in quarantine, oldest first."""
        with os.scandir(self._quarantine) as entries:
            found = [Quarantined(e.name, e.stat().st_mtime, e.stat().st_size) for e in entries]
        return sorted(found, key=lambda entry: entry.since)

    def close(self) -> None:
        """Finish what the threads are doing."""
        self._threads.shutdown()


class Incoming:
    """Bytes that are being written: while one block is written and hashed in three threads, the next one is received."""

    def __init__(self, store: ByteStore, path: Path, destination: Path, descriptor: int) -> None:
        self._store, self._path, self._destination, self._descriptor = store, path, destination, descriptor
        self._md5, self._sha512 = hashlib.md5(usedforsecurity=False), hashlib.sha512()
        self._busy: list[Future[None]] = []
        self.size = 0

    async def add(self, block: bytes) -> None:
        """Append a block; returns while it is still being written. Raises, for this block or the one before: see `storing`."""
        await self._settle()
        self.size += len(block)
        jobs = ((self._write, block), (self._md5.update, block), (self._sha512.update, block))
        self._busy = [self._store.submit(work, data) for work, data in jobs]

    async def _settle(self) -> None:
        if self._busy:
            outcomes = await asyncio.gather(*map(asyncio.wrap_future, self._busy), return_exceptions=True)
            self._busy = []
            for outcome in outcomes:
                if outcome is not None:
                    raise outcome

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[storing(os.write, self._descriptor, rest) :]

    def look(self, offset: int, count: int) -> bytes:
        """A few of the bytes written so far, for inspection; blocks for as long as that takes."""
        return os.pread(self._descriptor, count, offset)

    async def flush(self) -> Digests:
        """Wait until every block is written and hashed."""
        await self._settle()
        return Digests(self.size, self._md5.hexdigest(), self._sha512.hexdigest())

    async def keep(self) -> None:
        """Make the bytes durable and complete."""
        await self._settle()
        self._busy = [self._store.submit(storing, self._keep)]
        await self._settle()

    def _keep(self) -> None:
        os.fsync(self._descriptor)
        self._path.rename(self._destination)
        _sync(self._destination.parent)

    async def close(self) -> None:
        """Let go of the file, once no thread uses it any more; what was not kept stays in `incoming`."""
        await asyncio.gather(*map(asyncio.wrap_future, self._busy), return_exceptions=True)
        os.close(self._descriptor)


def storing(work: Callable[..., T], *arguments: Any) -> T:
    """Do something to the disk. Raises TooLarge if it is full, Unavailable if it fails otherwise."""
    try:
        return work(*arguments)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise TooLarge("The image store is full.", internal=str(problem)) from None
        raise Unavailable("The image store cannot be written now.", internal=str(problem)) from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(source: Path, destination: Path, now: float) -> None:
    try:
        os.utime(source, (now, now))
        source.rename(destination)
    except FileNotFoundError:
        return
    _sync(source.parent)
    _sync(destination.parent)


def _unlink(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
