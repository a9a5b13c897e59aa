"""The steps that move bytes. Each begins anew when it is delivered again: what an earlier try wrote is dropped first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import msgspec

from ...kernel.errors import Invalid, NotFound, Problem, TooLarge, Unavailable
from ...kernel.fetching import ANYWHERE, Answer, fetch
from ...kernel.workflow import Call, command
from .. import formats, intake, signatures
from ..bytestores import ByteStore, FileStore, Incoming
from ..intake import Wanted
from ..model import PLAIN_CONTAINERS, Facts, Location
from ..parts import Parts
from ..plugins import conversion, decompression
from ..store import locations, tasks
from .order import Content, Copied, Described, Order

T = TypeVar("T")

CARRIED = ("hw_", "trait:", "os_distro", "os_secure_boot", "os_type")
"""Properties beginning like this say what an image needs, and come along from another region."""

TELL_SECONDS = 5.0
"""How often a task says how far it is."""


@command
async def describe(call: Call, order: Order) -> Described:
    """Ask another region about its image: what its bytes are, and what they need. Raises Invalid, Unavailable."""
    parts: Parts = call.services.images
    if not order.url:
        raise Invalid("The other region has no such image service.")
    about = order.url.removesuffix("/file")
    async with _beside(parts, fetch(about, ANYWHERE, {"X-Auth-Token": parts.unseal(order.token or "")})) as answer:
        said = b"".join([block async for block in _blocks(parts, answer)])
    try:
        return _described(msgspec.json.decode(said, type=dict[str, Any]))
    except (msgspec.DecodeError, KeyError) as problem:
        raise Unavailable("The other region's image service does not answer as one.", internal=str(problem)) from None


def _described(image: dict[str, Any]) -> Described:
    if image["status"] != "active":
        raise Invalid(f"The image in the other region is {image['status']}, not active.")
    kept = {name: value for name, value in image.items() if name.startswith(CARRIED) and isinstance(value, str)}
    return Described(image["disk_format"], image["container_format"], kept)


@command
async def download(call: Call, order: Order) -> None:
    """Fetch the bytes of a URL into the staging store. Raises Invalid, TooLarge, Unavailable."""
    parts: Parts = call.services.images
    headers = {"X-Auth-Token": parts.unseal(order.token)} if order.token else {}
    reach = parts.settings.imports.reach if order.token is None else ANYWHERE
    async with _beside(parts, fetch(order.url or "", reach, headers)) as answer:
        if (answer.size or 0) > parts.settings.largest:
            raise TooLarge(f"The image has {answer.size} bytes; the limit is {parts.settings.largest}.")
        told = _teller(parts, order, "downloaded", answer.size)
        await _store_staged(parts, order.content.at.key, _blocks(parts, answer), told)


async def _blocks(parts: Parts, answer: Answer) -> AsyncIterator[bytes]:
    while block := await parts.stores.beside(next, answer.blocks, b""):
        yield block


@contextlib.asynccontextmanager
async def _beside(parts: Parts, context: AbstractContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave a context that blocks, in the threads for the network."""
    entered = await parts.stores.beside(context.__enter__)
    try:
        yield entered
    finally:
        await asyncio.shield(parts.stores.beside(context.__exit__, None, None, None))


async def _store_staged(parts: Parts, key: str, blocks: AsyncIterator[bytes], on_block: intake.OnBlock) -> None:
    staging = parts.stores.staging
    async with _writing(staging, key, None) as incoming:
        await intake.pour(incoming, blocks, Wanted(parts.settings.largest), on_block)
        await incoming.flush()
        await incoming.keep()


@contextlib.asynccontextmanager
async def _writing(store: ByteStore, key: str, algorithm: str | None) -> AsyncIterator[Incoming]:
    """Write under a key of ours, whatever an earlier try left there; what is not kept is dropped."""
    await store.drop(key)
    incoming = await store.write(key, algorithm)
    try:
        yield incoming
    except BaseException:
        await asyncio.shield(incoming.close())
        await asyncio.shield(store.drop(key))
        raise
    await asyncio.shield(incoming.close())


def _teller(parts: Parts, order: Order, said: str, total: int | None) -> intake.OnBlock:
    """Says in the task how many bytes are done, and of how many, if that is known."""
    say = _sayer(parts, order)

    async def on_block(size: int) -> None:
        await say(f"{said} {size} of {total} bytes ({100 * size // total} %)" if total else f"{said} {size} bytes")

    return on_block


def _sayer(parts: Parts, order: Order) -> Callable[[str], Awaitable[None]]:
    """Says in the task how far it is, now and then. It is only for people: nothing depends on it, nor fails with it."""
    clock, told = parts.db.clock, 0.0

    async def say(message: str) -> None:
        nonlocal told
        if clock.now() - told < TELL_SECONDS:
            return
        told = clock.now()
        with contextlib.suppress(Unavailable):
            async with parts.db.tx() as tx:
                await tasks.say(tx, order.task_id, message)

    return say


@command
async def decompress(call: Call, order: Order, content: Content) -> Content:
    """Decompress staged bytes, if their container_format says that they are compressed. Raises UnsupportedMedia, TooLarge."""
    parts: Parts = call.services.images
    staging = parts.stores.staging
    head = await staging.aside(_head, staging, content.at.key)
    method = decompression.recognized(head)
    if content.container_format != "compressed" or method is None:
        return content
    size = await _size(staging, content.at.key)
    source = method(staging.store.blocks(content.at.key, 0, size), staging.store.path(content.at.key))
    key = f"{order.attempt.key}+plain"
    await _store_staged(parts, key, _each(staging.aside, source), _teller(parts, order, "decompressed", None))
    return Content(Location(staging.name, key), content.disk_format, "bare")


def _head(store: ByteStore, key: str) -> bytes:
    size = store.store.size(key)
    return next(store.store.blocks(key, 0, min(size or 0, 16)), b"")


async def _each(aside: Callable[..., Awaitable[Any]], blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while block := await aside(next, blocks, b""):
        yield block


@command
async def convert(call: Call, order: Order, content: Content) -> Content:
    """Convert staged bytes to the format that is configured. Raises UnsupportedMedia, TooLarge, Unavailable."""
    parts: Parts = call.services.images
    staging, wanted = parts.stores.staging, order.output_format
    plain = content.container_format in PLAIN_CONTAINERS and content.disk_format in conversion.DRIVERS
    if not plain or content.disk_format == wanted:
        return content
    if not isinstance(staging.store, FileStore):
        raise Unavailable("Images are converted only where the staging store is a folder.")
    path = staging.store.path(content.at.key)
    if path is None:
        raise Unavailable("The staged data is gone.")
    await staging.aside(_check_convertible, staging, content, parts.settings.largest)
    key = f"{order.attempt.key}+{wanted}"
    await staging.drop(key)
    target = staging.store.workplace(key)
    say = _sayer(parts, order)

    async def on_percent(percent: float) -> None:
        await say(f"converted {percent:.0f} % to {wanted}")

    limits = conversion.Limits(parts.settings.largest)
    await conversion.convert(path, target, (content.disk_format, wanted), limits, on_percent)
    await staging.aside(staging.store.adopt, target, key)
    return Content(Location(staging.name, key), wanted, content.container_format)


def _check_convertible(staging: ByteStore, content: Content, largest: int) -> None:
    """Look into the bytes before QEMU does. Raises UnsupportedMedia, TooLarge."""
    key = content.at.key
    size = staging.store.size(key) or 0
    found = intake.inspected(content.disk_format, lambda at, count: _look(staging, key, at, min(count, max(0, size - at))), size)
    if (formats.virtual_size(content.disk_format, found, size) or 0) > largest:
        raise TooLarge(f"The disk in the image has {found.virtual_size} bytes; the limit is {largest}.")


def _look(store: ByteStore, key: str, offset: int, count: int) -> bytes:
    return b"".join(store.store.blocks(key, offset, count))


@command
async def copy_into(call: Call, order: Order, content: Content, store: str) -> Copied:
    """Write the bytes into one store, hashed and inspected on the way.

    Raises what was wrong if every store has to succeed; else that is the result.
    """
    parts: Parts = call.services.images
    try:
        facts = await _copy(parts, order, content, parts.stores.writable(store))
    except Problem as problem:
        if order.all_must_succeed:
            raise
        return Copied(store, None, problem.message)
    return Copied(store, facts)


async def _copy(parts: Parts, order: Order, content: Content, store: ByteStore) -> Facts:
    source = parts.stores.find(content.at.store)
    size = await _size(source, content.at.key)
    disk_format = content.disk_format if content.container_format in PLAIN_CONTAINERS else None
    wanted = Wanted(parts.settings.largest, disk_format, size)
    async with _writing(store, order.attempt.key, order.algorithm) as incoming:
        path = source.store.path(content.at.key)
        if path is not None:
            await incoming.take(path)
        teller = _teller(parts, order, f"{store.name}: copied", size)
        blocks = signatures.checked(parts.certificates, order.signed, await source.read(content.at.key, 0, size))
        await intake.pour(incoming, blocks, wanted, teller)
        facts = await intake.examine(incoming, wanted, store.aside)
        if order.expected not in (None, facts.os_hash_value):
            raise Unavailable(f"The bytes in store {source.name} are not what they were when they were uploaded.")
        await incoming.keep()
    return facts


async def _size(store: ByteStore, key: str) -> int:
    size = await store.size(key)
    if size is None:
        raise Unavailable(f"The data is not in store {store.name} any more.")
    return size


@command
async def take_back(call: Call, order: Order, content: Content, store: str) -> None:
    """Undo `copy_into`, unless an image has got the bytes already: then they are that image's, even if it was deleted (K1, K2)."""
    parts: Parts = call.services.images
    key = order.attempt.key
    async with parts.db.read() as tx:
        named = await locations.is_named(tx, store, key)
    if not named:
        with contextlib.suppress(Invalid, NotFound):  # a store that is not enabled any more has nothing to give back
            await parts.stores.writable(store).drop(key)


@command
async def clear(call: Call, image_id: str, order: Order) -> None:
    """Remove everything that this import staged; also what was staged for it before."""
    parts: Parts = call.services.images
    staging, key = parts.stores.staging, order.attempt.key
    if not order.copies:
        for suffix in ("staged", "plain", order.output_format):
            await staging.drop(f"{key}+{suffix}")
