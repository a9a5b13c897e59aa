"""Where deleted disks go, and the only place that removes any (K1)."""

from __future__ import annotations

import asyncio
import logging

from msgspec.structs import replace

from cumulet.contract.commands import Quarantined
from cumulet.kernel.clock import stamp

from ..refusals import Refusal
from ..store.ledger import Ledger, Object
from . import files
from .layout import Layout
from .shelves.choosing import Shelves

log = logging.getLogger(__name__)

Objects = list[Object]


class Quarantine:
    """Renamed objects, and their rows in the ledger."""

    def __init__(self, layout: Layout, ledger: Ledger, shelves: Shelves) -> None:
        self._layout = layout
        self._shelves = shelves
        self._ledger = ledger
        self._turn = asyncio.Lock()  # an object is restored, or removed, not both

    async def put(self, found: Object) -> None:
        """Move an object here. Right also if an earlier attempt was interrupted anywhere."""
        shelf = self._shelves.of(found.path)
        if found.state == "making":
            await shelf.discard(found)
        if not await self._move_in(found):
            if found.state == "there":
                log.error("%s of %s is in the ledger and not there: nothing to quarantine", found.kind, found.owner)
            await self._ledger.forget(found.id)
        else:
            now = self._ledger.clock.now()
            await self._ledger.place(replace(found, state="quarantined", path=shelf.kept(found.id), since=now))

    async def _move_in(self, found: Object) -> bool:
        shelf = self._shelves.of(found.path)
        kept = shelf.kept(found.id)
        try:
            await shelf.move(found.path, kept)
        except FileNotFoundError:
            return not await shelf.absent([kept])
        return True

    async def list(self) -> list[Quarantined]:
        """Everything here, oldest first."""
        held = await self._ledger.held()
        return [self._describe(found, found.id in held) for found in await self._ledger.quarantined()]

    def _describe(self, found: Object, held: bool) -> Quarantined:
        shelf = self._shelves.of(found.path)
        path, size = shelf.shown(found.path), shelf.size(found.path)
        return Quarantined(found.id, found.owner, found.kind, path, stamp(found.since), size, held)

    async def set_aside(self, found: Object) -> None:
        """Move an object here until an operator decides. The hold comes first: there is no moment without it."""
        await self._ledger.hold(found.id)
        await self.put(found)

    async def restore(self, object_id: str) -> str:
        """Put an object back in its place and return its path. Raises Refusal: disk_missing, disk_exists."""
        async with self._turn:
            found = await self._ledger.get(object_id)
            if found is None or found.state != "quarantined":
                raise Refusal(f"There is no object {object_id} in quarantine.", code="disk_missing")
            shelf = self._shelves.of(found.path)
            place = shelf.place(found.owner, found.kind)
            if not await shelf.absent([place]) or await self._ledger.find(found.owner, found.kind):
                raise Refusal(f"{found.owner} has a {found.kind} disk in place.", code="disk_exists")
            await shelf.move(found.path, place)
            await self._ledger.place(replace(found, state="there", path=place, since=self._ledger.clock.now()))
            await self._ledger.unhold(object_id)
        return shelf.shown(place)

    async def purge_one(self, object_id: str) -> None:
        """Remove an object for good, held or not. Raises Refusal: disk_missing, in_use."""
        found = await self._ledger.get(object_id)
        if found is None or found.state != "quarantined":
            raise Refusal(f"There is no object {object_id} in quarantine.", code="disk_missing")
        if not await self._remove(object_id):
            raise Refusal(
                f"The {found.kind} of {found.owner} is still needed: it is open, or something is based on it.", code="in_use"
            )
        await self._ledger.unhold(object_id)

    async def purge(self, keep: float) -> None:
        """Remove what has been here for `keep` seconds and is not held."""
        before = self._ledger.clock.now() - keep
        for found in await self._unheld():
            if found.since <= before:
                await self._remove(found.id)

    async def make_room(self, wanted: int) -> None:
        """Remove the oldest objects on the host's own disk that are not held until `wanted` bytes are free, or nothing is left."""
        for found in await self._unheld():
            if not self._shelves.of(found.path).size(found.path):
                continue
            if files.space(self._layout.state).free >= wanted:
                return
            if await self._remove(found.id):
                log.warning("the disk is nearly full: %s of %s left quarantine early", found.kind, found.owner)

    async def _unheld(self) -> Objects:
        held = await self._ledger.held()
        return [found for found in await self._ledger.quarantined() if found.id not in held]

    async def _remove(self, object_id: str) -> bool:
        """Delete for good, unless it was restored meanwhile or something still needs the file (K3, K7)."""
        async with self._turn:
            found = await self._ledger.get(object_id)
            if found is None or found.state != "quarantined" or await self._is_needed(found):
                return False
            # Nothing can come to need a quarantined object, so it may go before its row: a crash between leaves no litter.
            await self._shelves.of(found.path).remove(found.path)
            await self._ledger.forget(found.id)
            if found.base is not None:
                await self._ledger.touch(found.base)
        return True

    async def _is_needed(self, found: Object) -> bool:
        if await self._ledger.is_base(found.id):
            log.info("%s of %s is in quarantine and the base of another disk: kept", found.kind, found.owner)
            return True
        if await self._shelves.of(found.path).is_open(found.path, found.format):
            log.error("%s of %s is in quarantine and still open: kept", found.kind, found.owner)
            return True
        return False
