"""A store as the rest of the service uses it: everything that blocks runs in threads, beside the event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from .incoming import Incoming
from .protocol import Health, Quarantined, Store

T = TypeVar("T")


def workers(count: int | None = None) -> ThreadPoolExecutor:
    """The threads in which bytes are moved."""
    return ThreadPoolExecutor(count or 3 * (os.cpu_count() or 1), thread_name_prefix="image-bytes")


class ByteStore:
    """The store `name`. `weight`: of several stores that have an image, the heaviest is read."""

    def __init__(self, name: str, store: Store, threads: ThreadPoolExecutor, description: str = "", weight: int = 0) -> None:
        self.name, self.store, self.description, self.weight = name, store, description, weight
        self._threads = threads

    async def aside(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run blocking work beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def submit(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Begin blocking work beside the event loop."""
        return self._threads.submit(work, *arguments)

    async def health(self) -> Health:
        """How the store is."""
        return await self.aside(self.store.health)

    async def write(self, key: str, algorithm: str | None) -> Incoming:
        """Begin to write, and to hash: MD5 and this; nothing with None. Raises what `Store.begin` does."""
        return Incoming(self.submit, await self.aside(self.store.begin, key), algorithm)

    async def read(self, key: str, offset: int, count: int) -> AsyncIterator[bytes]:
        """`count` bytes from `offset`, in blocks. Raises Unavailable at once if the bytes are not there."""
        blocks = self.store.blocks(key, offset, count)
        return self._rest(await self.aside(next, blocks, b""), blocks)

    async def _rest(self, first: bytes, blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
        """While one block is sent, the next one is read."""
        block, ahead = first, self.submit(next, blocks, b"")
        try:
            while block:
                yield block
                block, ahead = await asyncio.wrap_future(ahead), self.submit(next, blocks, b"")
        finally:
            await asyncio.shield(self._end(ahead, blocks))

    async def _end(self, ahead: Future[bytes], blocks: Iterator[bytes]) -> None:
        await asyncio.gather(asyncio.wrap_future(ahead), return_exceptions=True)
        await self.aside(_close, blocks)

    async def size(self, key: str) -> int | None:
        """How many complete bytes there are; None if there are none. Raises Unavailable."""
        return await self.aside(self.store.size, key)

    async def drop(self, key: str) -> None:
        """Remove what an upload left, complete or not. Only for bytes that no image names."""
        await self.aside(self.store.drop, key)

    async def quarantine(self, key: str, now: float) -> None:
        """Put bytes out of reach. Nothing happens if they are not complete."""
        await self.aside(self.store.quarantine, key, now)

    async def restore(self, key: str, now: float) -> bool:
        """Take bytes out of quarantine; whether they are complete now."""
        return await self.aside(self.store.restore, key, now)

    async def purge(self, key: str) -> None:
        """Remove bytes from quarantine, for ever."""
        await self.aside(self.store.purge, key)

    async def incoming(self) -> list[str]:
        """The keys of uploads in progress, and of those that were left unfinished."""
        return await self.aside(self.store.incoming)

    async def complete(self) -> list[str]:
        """The keys of all complete bytes."""
        return await self.aside(self.store.complete)

    async def quarantined(self) -> list[Quarantined]:
        """What is in quarantine, oldest first."""
        return await self.aside(self.store.quarantined)

    def close(self) -> None:
        """Finish what the threads are doing."""
        self._threads.shutdown()


def _close(blocks: Iterator[bytes]) -> None:
    """Close a generator's file at once, not when it happens to be collected."""
    close = getattr(blocks, "close", None)
    if close is not None:
        close()
