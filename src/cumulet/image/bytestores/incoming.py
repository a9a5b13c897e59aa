"""Bytes that are being written: while one block is written and hashed in three threads, the next one is received."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from msgspec import Struct

from .protocol import Sink

Submit = Callable[..., Future[Any]]


class Digests(Struct, frozen=True):
    """The size and hashes (hexadecimal) of what was written."""

    size: int
    md5: str = ""
    sha512: str = ""


class Incoming:
    """One upload into one store. `submit` begins blocking work in a thread. Not `hashed`: the digests say the size only."""

    def __init__(self, submit: Submit, sink: Sink, hashed: bool = True) -> None:
        self._submit, self._sink = submit, sink
        self._hashes = (hashlib.md5(usedforsecurity=False), hashlib.sha512()) if hashed else ()
        self._busy: list[Future[None]] = []
        self._taken = False
        self.size = 0

    async def take(self, path: Path) -> None:
        """Make the content that of a local file, if that needs no copying; its blocks still go through `add`, to be hashed."""
        self._taken = await asyncio.wrap_future(self._submit(self._sink.take, path))

    async def add(self, block: bytes) -> None:
        """Append a block; returns while it is still being written. Raises, for this one or the last, what `Sink.write` does."""
        await self._settle()
        self.size += len(block)
        jobs: list[Callable[[bytes], None]] = [each.update for each in self._hashes]
        if not self._taken:
            jobs.append(self._sink.write)
        self._busy = [self._submit(work, block) for work in jobs]

    async def _settle(self) -> None:
        if self._busy:
            outcomes = await asyncio.gather(*map(asyncio.wrap_future, self._busy), return_exceptions=True)
            self._busy = []
            for outcome in outcomes:
                if outcome is not None:
                    raise outcome

    def look(self, offset: int, count: int) -> bytes:
        """A few of the bytes, for inspection; blocks for as long as that takes. Only after `flush`."""
        return self._sink.look(offset, count)

    async def flush(self) -> Digests:
        """Wait until every block is written and hashed. Raises what `Sink.flush` does."""
        await self._then(self._sink.flush)
        return Digests(self.size, *(each.hexdigest() for each in self._hashes))

    async def keep(self) -> None:
        """Make the bytes durable and complete. Raises what `Sink.keep` does."""
        await self._then(self._sink.keep)

    async def _then(self, work: Callable[[], None]) -> None:
        await self._settle()
        self._busy = [self._submit(work)]
        await self._settle()

    async def close(self) -> None:
        """Let go, once no thread uses it any more; what was not kept is left to `drop`."""
        await asyncio.gather(*map(asyncio.wrap_future, self._busy), return_exceptions=True)
        await asyncio.wrap_future(self._submit(self._sink.close))
