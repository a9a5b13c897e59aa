"""What nobody asks for but must happen: stalled uploads are given up, stray bytes are put away, old quarantine is emptied.

Idempotent; run it by a timer, in any process. Files are listed before records are read: a file whose owner is not found then has
none.
"""

from __future__ import annotations

import logging

from msgspec import Struct

from ...kernel.clock import stamp
from ...kernel.errors import NotFound
from ..bytes import Quarantined
from ..model import DELETED, Trace
from ..parts import Parts
from ..store import images, transitions

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


async def sweep(parts: Parts) -> Swept:
    """Run once."""
    given_up = await _give_up_stalled(parts)
    incoming, complete, quarantined = parts.store.incoming(), parts.store.complete(), parts.store.quarantined()
    async with parts.db.read() as tx:
        traces = await images.traces(tx)
    for key in (entry.key for entry in quarantined if _owned(traces, entry.key)):
        await parts.store.restore(key, parts.db.clock.now())
    dropped = [key for key in incoming if not _owned(traces, key)]
    for key in dropped:
        await parts.store.drop(key)
    strays = [key for key in complete if not _owned(traces, key)]
    for key in strays:
        await parts.store.quarantine(key, parts.db.clock.now())
    purged = await _purge(parts)
    forgotten = await _forget(parts)
    return Swept(given_up, dropped, strays, purged, forgotten, _missing(parts, traces))


def _owned(traces: dict[str, Trace], key: str) -> bool:
    owner = traces.get(key.partition(".")[0])
    return owner is not None and owner.owns(key)


async def _give_up_stalled(parts: Parts) -> list[str]:
    before = stamp(parts.db.clock.now() - parts.settings.stall)
    async with parts.db.read() as tx:
        stalled = await transitions.stalled(tx, before)
    for attempt in stalled:
        log.warning("the upload of image %s made no progress and is given up", attempt.image_id)
        async with parts.db.tx() as tx:
            await transitions.requeue(tx, attempt)
    return [attempt.image_id for attempt in stalled]


async def _purge(parts: Parts) -> list[str]:
    """Remove what has been in quarantine for long enough, and more, oldest first, while the disk is nearly full."""
    long_ago = parts.db.clock.now() - parts.settings.grace
    purged = []
    for entry in parts.store.quarantined():
        if (entry.since < long_ago or parts.store.free() < parts.settings.reserve) and await _purge_one(parts, entry):
            purged.append(entry.key)
    return purged


async def _purge_one(parts: Parts, entry: Quarantined) -> bool:
    """Unless a live image needs the bytes: one that is restored just now."""
    async with parts.db.read() as tx:
        owner = await images.trace(tx, entry.key.partition(".")[0])
    if owner is not None and owner.owns(entry.key):
        return False
    log.info("purging %s (%s bytes) from quarantine", entry.key, entry.size)
    await parts.store.purge(entry.key)
    return True


async def _forget(parts: Parts) -> list[str]:
    """Remove the records of images deleted long ago, once their bytes are purged."""
    kept = {entry.key.partition(".")[0] for entry in parts.store.quarantined()}
    async with parts.db.tx() as tx:
        old = await transitions.forgettable(tx, stamp(parts.db.clock.now() - parts.settings.grace))
        return [image_id for image_id in old if image_id not in kept and await transitions.forget(tx, image_id)]


def _missing(parts: Parts, traces: dict[str, Trace]) -> list[str]:
    live = [trace for trace in traces.values() if trace.bytes_key and trace.status != DELETED]
    missing = [trace.id for trace in live if not parts.store.holds(trace.bytes_key or "")]
    for image_id in missing[:LISTED]:
        log.error("the bytes of image %s are missing from the image store", image_id)
    return missing


async def restore(parts: Parts, image_id: str) -> None:
    """Bring a deleted image back as it was. Raises NotFound if it is not in quarantine (any more)."""
    async with parts.db.read() as tx:
        found = await images.trace(tx, image_id)
    if found is None or found.status != DELETED:
        raise NotFound(f"There is no deleted image {image_id}.")
    if found.bytes_key and not await parts.store.restore(found.bytes_key, parts.db.clock.now()):
        raise NotFound(f"The data of image {image_id} has been purged.")
    async with parts.db.tx() as tx:
        if not await transitions.restore(tx, image_id):
            raise NotFound(f"There is no deleted image {image_id}.")
