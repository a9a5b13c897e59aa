"""Bytes that are being written: while the last few MiB are written and hashed, each in a thread of its own, more is received."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from msgspec import Struct

from .protocol import AHEAD, Sink

Submit = Callable[..., Future[Any]]

_NICE = 10
"""By how much hashing steps back: a few uploads keep every processor busy with it, and the event loop serves everybody."""


@cache
def _hashers() -> ThreadPoolExecutor:
    """The threads of this process that hash, for all stores: as many as there are processors, as nothing else is waited for."""
    count = max(2, os.cpu_count() or 1)
    return ThreadPoolExecutor(count, "image-hash", os.nice, (_NICE,))  # on Linux of the new thread alone, nice(2)


class Digests(Struct, frozen=True):
    """The size and hashes (hexadecimal) of what was written; `multihash` is that of the algorithm which was asked for."""

    size: int
    md5: str = ""
    multihash: str = ""
    algorithm: str = ""


class _Lane:
    """One thing that is done with every block, in order and in one thread at a time; others are not waited for."""

    def __init__(self, submit: Submit, work: Callable[[bytes], object]) -> None:
        self._submit, self._work = submit, work
        self._lock = Lock()
        self._waiting: list[bytes] = []
        self._busy = False
        self._left = 0
        self._goal = 0
        self._reached: asyncio.Future[None] | None = None
        self._problem: BaseException | None = None

    def put(self, block: bytes) -> None:
        """Do it with this block, when its turn comes."""
        with self._lock:
            self._waiting.append(block)
            self._left += len(block)
            begins, self._busy = not self._busy, True
        if begins:
            self._submit(self._run)

    async def room(self, most: int, goal: int = 0) -> None:
        """If more than `most` bytes are waiting, return once there are at most `goal`.

        Raises what the work raised; with the blocks after that nothing is done.
        """
        reached = None
        with self._lock:
            if self._left > most:
                reached = self._reached = asyncio.get_running_loop().create_future()
                self._goal = goal
        if reached is not None:
            await reached
        if self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        """Do what is waiting, then let others have the thread."""
        with self._lock:
            blocks, self._waiting = self._waiting, []
        for block in blocks:
            try:
                if self._problem is None:
                    self._work(block)
            except Exception as problem:
                self._problem = problem
            with self._lock:
                self._left -= len(block)
                self._tell()
        with self._lock:
            self._busy = bool(self._waiting)
            goes_on = self._busy
        if goes_on:
            self._submit(self._run)

    def _tell(self) -> None:
        if self._reached is not None and self._left <= self._goal:
            reached, self._reached = self._reached, None
            reached.get_loop().call_soon_threadsafe(_settle, reached)


def _settle(reached: asyncio.Future[None]) -> None:
    if not reached.done():
        reached.set_result(None)


class Incoming:
    """One upload into one store. `submit` begins what blocks otherwise than by hashing in a thread.

    `algorithm` is that of the multihash; with None nothing is hashed, and the digests say the size only.
    """

    def __init__(self, submit: Submit, sink: Sink, algorithm: str | None) -> None:
        self._submit, self._sink = submit, sink
        self._hashes = (hashlib.md5(usedforsecurity=False), hashlib.new(algorithm)) if algorithm else ()
        self._lanes = [_Lane(_hashers().submit, each.update) for each in self._hashes]
        self._writing = _Lane(submit, sink.write)
        self._lanes.append(self._writing)
        self._ending: Future[None] | None = None
        self.size = 0

    async def take(self, path: Path) -> None:
        """Make the content that of a local file, if that needs no copying; its blocks still go through `add`, to be hashed."""
        if await asyncio.wrap_future(self._submit(self._sink.take, path)):
            self._lanes.remove(self._writing)

    async def add(self, block: bytes) -> None:
        """Append a block; returns while it may still be written. Raises, for this one or an earlier one, what `Sink.write` does."""
        self.size += len(block)
        for lane in self._lanes:
            lane.put(block)
        for lane in self._lanes:
            await lane.room(AHEAD, AHEAD // 2)

    def look(self, offset: int, count: int) -> bytes:
        """A few of the bytes, for inspection; blocks for as long as that takes. Only after `flush`."""
        return self._sink.look(offset, count)

    async def flush(self) -> Digests:
        """Wait until every block is written and hashed. Raises what `Sink.flush` does."""
        await self._then(self._sink.flush)
        if not self._hashes:
            return Digests(self.size)
        md5, multihash = self._hashes
        return Digests(self.size, md5.hexdigest(), multihash.hexdigest(), multihash.name)

    async def keep(self) -> None:
        """Make the bytes durable and complete. Raises what `Sink.keep` does."""
        await self._then(self._sink.keep)

    async def _then(self, work: Callable[[], None]) -> None:
        for lane in self._lanes:
            await lane.room(0)
        self._ending = self._submit(work)
        await asyncio.wrap_future(self._ending)

    async def close(self) -> None:
        """Let go, once no thread uses it any more; what was not kept is left to `drop`."""
        await asyncio.gather(*(lane.room(0) for lane in self._lanes), return_exceptions=True)
        if self._ending is not None:
            await asyncio.gather(asyncio.wrap_future(self._ending), return_exceptions=True)
        await asyncio.wrap_future(self._submit(self._sink.close))
