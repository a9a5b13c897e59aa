"""The byte store: files that are whole or not there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from pathlib import Path
from typing import get_args

import pytest

from cumulet.image.bytestores import BLOCK, ByteStore, Digests, FileStore, workers
from cumulet.image.bytestores.protocol import AHEAD
from cumulet.image.settings import Algorithm
from cumulet.kernel.errors import TooLarge, Unavailable


@pytest.fixture
def store(tmp_path: Path):
    made = ByteStore("file", FileStore(tmp_path / "store"), workers())
    yield made
    made.close()


async def write(store: ByteStore, key: str, *blocks: bytes) -> None:
    incoming = await store.write(key, "sha512")
    for block in blocks:
        await incoming.add(block)
    await incoming.keep()
    await incoming.close()


async def read(store: ByteStore, key: str, offset: int, count: int) -> bytes:
    return b"".join([block async for block in await store.read(key, offset, count)])


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
async def test_what_is_written_is_read_back_and_hashed(store, algorithm):
    blocks = [os.urandom(BLOCK), os.urandom(BLOCK), os.urandom(17)]
    incoming = await store.write("a", algorithm)
    for block in blocks:
        await incoming.add(block)
    digests = await incoming.flush()
    await incoming.keep()
    await incoming.close()
    whole = b"".join(blocks)
    hashes = [hashlib.new(name, whole).hexdigest() for name in ("md5", algorithm)]
    assert digests == Digests(len(whole), *hashes, algorithm)
    assert await read(store, "a", 0, len(whole)) == whole
    assert await read(store, "a", BLOCK - 5, 10) == whole[BLOCK - 5 : BLOCK + 5]


async def test_bytes_are_not_there_before_they_are_kept(store):
    incoming = await store.write("a", "sha512")
    await incoming.add(b"half")
    await incoming.flush()
    assert (await store.incoming(), await store.complete()) == (["a"], [])
    with pytest.raises(Unavailable):
        await store.read("a", 0, 4)
    await incoming.close()


async def test_a_key_is_written_once(store):
    incoming = await store.write("a", "sha512")
    with pytest.raises(Unavailable):
        await store.write("a", "sha512")
    await incoming.close()


async def test_what_an_attempt_left_can_be_dropped_complete_or_not(store):
    await write(store, "complete", b"x")
    await (await store.write("half", "sha512")).close()
    for key in ("complete", "half", "never there"):
        await store.drop(key)
    assert (await store.incoming(), await store.complete()) == ([], [])


async def test_K1_quarantined_bytes_cannot_be_read_but_restored(store):
    await write(store, "a", b"precious")
    await store.quarantine("a", 1000.0)
    await store.quarantine("a", 2000.0)
    assert [(entry.key, entry.since, entry.size) for entry in await store.quarantined()] == [("a", 1000.0, 8)]
    with pytest.raises(Unavailable):
        await store.read("a", 0, 8)
    assert await store.restore("a", 3000.0)
    assert await read(store, "a", 0, 8) == b"precious"
    assert not await store.restore("b", 3000.0)


async def test_the_oldest_in_quarantine_comes_first(store):
    for key, since in (("young", 300.0), ("old", 100.0), ("middle", 200.0)):
        await write(store, key, b"x")
        await store.quarantine(key, since)
    assert [entry.key for entry in await store.quarantined()] == ["old", "middle", "young"]


async def test_a_write_that_does_not_fit_says_that_the_store_is_full(store, tmp_path):
    incoming = await store.write("a", "sha512")
    os.dup2(full := os.open("/dev/full", os.O_RDWR), incoming._sink._descriptor)
    os.close(full)
    with pytest.raises(TooLarge, match="full"):
        await _write_for_long(incoming)
    with pytest.raises(TooLarge, match="full"):
        await incoming.flush()
    await incoming.close()


async def test_a_cancelled_write_lets_go_of_the_file_only_after_its_threads(store):
    incoming = await store.write("a", "sha512")
    writing = asyncio.ensure_future(_write_for_long(incoming))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await incoming.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        incoming.look(0, 1)
    assert not any(lane._left for lane in incoming._lanes)


async def _write_for_long(incoming) -> None:
    for _ in range(64):
        await incoming.add(b"x" * BLOCK)


async def test_what_waits_in_memory_is_little_however_slow_the_disk(store):
    """The disk takes nothing until it has been found out how much is taken from the client."""
    opened = threading.Event()
    incoming = await store.write("a", None)
    incoming._writing._work = lambda block: opened.wait()
    reading = asyncio.ensure_future(_write_for_long(incoming))
    for _ in range(1000):
        await asyncio.sleep(0)
    assert incoming.size == AHEAD + BLOCK
    opened.set()
    await reading
    assert (await incoming.flush()).size == 64 * BLOCK
    await incoming.close()
