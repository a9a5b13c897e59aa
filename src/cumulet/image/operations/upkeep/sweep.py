"""What nobody asks for but must happen: stalled uploads are given up, stray bytes are put away, old quarantine is emptied.

Idempotent; run it by a timer, in any process. Objects are listed before records are read: one whose owner is not found then has
none. A store that does not answer is left out, until the next run.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct

from ....kernel.clock import stamp
from ....kernel.errors import Problem
from ... import events
from ...bytestores import ByteStore, Quarantined
from ...model import attempt_of, image_of
from ...parts import Parts
from ...store import images, locations, tasks, transitions

log = logging.getLogger("cumulet.image")

LISTED = 1000
"""How many findings one run reports in the log at most."""


class Swept(Struct, frozen=True):
    """What one run did, by image id or byte key; `missing` are images whose bytes are not there."""

    given_up: list[str]
    dropped: list[str]
    quarantined: list[str]
    purged: list[str]
    forgotten: list[str]
    missing: list[str]


class _Listed(Struct, frozen=True):
    """What is in a store."""

    store: ByteStore
    incoming: list[str]
    complete: list[str]
    quarantined: list[Quarantined]


class _Owners(Struct, frozen=True):
    """Which bytes are somebody's: those that live images name, and those that running attempts write."""

    named: dict[tuple[str, str], str]
    attempts: set[tuple[str, str]]

    def owns(self, store: ByteStore, key: str) -> bool:
        """Whether these bytes are."""
        return (store.name, key) in self.named or (image_of(key), attempt_of(key)) in self.attempts


async def sweep(parts: Parts) -> Swept:
    """Run once."""
    given_up = await _give_up_stalled(parts)
    listed = [found for store in parts.stores.all if (found := await _list(store)) is not None]
    async with parts.db.read() as tx:
        owners = _Owners(await locations.live(tx), await images.attempted(tx) | await tasks.running(tx))
    dropped, strays, purged = [], [], []
    for found in listed:
        dropped += await _drop(found, owners)
        strays += await _put_away(parts, found, owners)
        purged += await _purge(parts, found.store)
    whole = len(listed) == len(parts.stores.all)
    forgotten = await _forget(parts, [found.store for found in listed]) if whole else []
    return Swept(given_up, dropped, strays, purged, forgotten, await _missing(listed, owners))


async def _list(store: ByteStore) -> _Listed | None:
    try:
        return _Listed(store, await store.incoming(), await store.complete(), await store.quarantined())
    except (Problem, OSError) as problem:
        log.warning("image store %s is left out: %s", store.name, problem)
        return None


async def _give_up_stalled(parts: Parts) -> list[str]:
    before = stamp(parts.db.clock.now() - parts.settings.stall)
    async with parts.db.read() as tx:
        stalled = await transitions.stalled(tx, before)
    for attempt in stalled:
        log.warning("the upload of image %s made no progress and is given up", attempt.image_id)
        async with parts.db.tx() as tx:
            await transitions.requeue(tx, attempt)
    return [attempt.image_id for attempt in stalled]


async def _drop(found: _Listed, owners: _Owners) -> list[str]:
    return await _each(found.store, [key for key in found.incoming if not owners.owns(found.store, key)], found.store.drop)


async def _put_away(parts: Parts, found: _Listed, owners: _Owners) -> list[str]:
    """Complete bytes that nobody owns go to quarantine; what a live image names comes back from there."""
    store, now = found.store, parts.db.clock.now()
    needed = [entry.key for entry in found.quarantined if owners.owns(store, entry.key)]
    await _each(store, needed, lambda key: store.restore(key, now))
    strays = [key for key in found.complete if not owners.owns(store, key)]
    return await _each(store, strays, lambda key: store.quarantine(key, now))


async def _each(store: ByteStore, keys: Iterable[str], work: Callable[[str], Awaitable[object]]) -> list[str]:
    """Those with which it went well: what is in use, or cannot be reached now, does not keep the others waiting."""
    done = []
    for key in keys:
        try:
            await work(key)
        except Problem as problem:
            log.warning("%s in image store %s has to wait: %s", key, store.name, problem)
        else:
            done.append(key)
    return done


async def _purge(parts: Parts, store: ByteStore) -> list[str]:
    """Remove what has been in quarantine for long enough, and more, oldest first, while the store is nearly full."""
    long_ago = parts.db.clock.now() - parts.settings.grace
    purged = []
    for entry in await store.quarantined():
        due = entry.since < long_ago or await _is_nearly_full(parts, store)
        if due and await _purge_one(parts, store, entry):
            purged.append(entry.key)
    return purged


async def _is_nearly_full(parts: Parts, store: ByteStore) -> bool:
    free = (await store.health()).free
    return free is not None and free < parts.settings.reserve


async def _purge_one(parts: Parts, store: ByteStore, entry: Quarantined) -> bool:
    """Unless a live image needs the bytes: one that is restored just now."""
    async with parts.db.read() as tx:
        if await locations.is_live(tx, store.name, entry.key):
            return False
    if not await _each(store, [entry.key], store.purge):
        return False
    log.info("purged %s (%s bytes) from quarantine of store %s", entry.key, entry.size, store.name)
    return True


async def _forget(parts: Parts, stores: Iterable[ByteStore]) -> list[str]:
    """Remove the records of images deleted long ago, once their bytes are purged; and old tasks."""
    kept = {image_of(entry.key) for store in stores for entry in await store.quarantined()}
    async with parts.db.tx() as tx:
        for task in await tasks.expired(tx):
            if await tasks.forget(tx, task.id):
                await events.of_task(tx, "delete", task)
        old = await transitions.forgettable(tx, stamp(parts.db.clock.now() - parts.settings.grace))
        return [image_id for image_id in old if image_id not in kept and await transitions.forget(tx, image_id)]


async def _missing(listed: Iterable[_Listed], owners: _Owners) -> list[str]:
    """Images of which a store does not have the bytes; what was listed a moment ago is asked for once more."""
    there = {found.store.name: (found.store, frozenset(found.complete)) for found in listed if not found.store.store.read_only}
    missing = []
    for (name, key), image_id in owners.named.items():
        store, complete = there.get(name, (None, frozenset()))
        if store is not None and key not in complete and await store.size(key) is None:
            missing.append(image_id)
            if len(missing) <= LISTED:
                log.error("the bytes of image %s are missing from image store %s", image_id, name)
    return missing
