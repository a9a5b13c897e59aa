"""How an object comes to be: a row in the ledger, something unfinished, an atomic rename, the row marked.

A crash anywhere leaves a row that says `making` and who made it. The same key then goes on from there, an undo clears it away, and
any other key is refused: the object may be somebody's (K2, K4).
"""

from __future__ import annotations

from typing import Generic

from msgspec import Struct
from msgspec.structs import replace

from cumulet.contract.commands import Disk
from cumulet.kernel.ids import new_uuid

from ..refusals import Refusal
from ..store.ledger import Ledger, Object
from .shelves.protocol import Build, Shelf, T


class Wanted(Struct, frozen=True):
    """An object to be made by `key`. `base` is what it is built upon; `keep_base` whether it goes on needing it."""

    owner: str
    kind: str
    format: str
    key: str
    base: str | None = None
    keep_base: bool = True


class Maker(Generic[T]):
    """Makes objects on a shelf; each at most once."""

    def __init__(self, shelf: Shelf[T], ledger: Ledger) -> None:
        self._shelf = shelf
        self._ledger = ledger

    async def make(self, wanted: Wanted, build: Build[T]) -> Disk:
        """Let `build` write the object, and return it.

        Done already if the same key made it. Raises Refusal: disk_exists, disk_missing, and what `build` raises.
        """
        there = await self._ledger.find(wanted.owner, wanted.kind)
        place = self._shelf.place(wanted.owner, wanted.kind)
        if there is not None:
            await self._check_is_ours(there, wanted)
        elif await self._exists(place):
            raise Refusal(f"{wanted.owner} has a {wanted.kind} disk that the ledger does not know.", code="disk_exists")
        if there is None:
            now = self._ledger.clock.now()
            there = Object(new_uuid(), wanted.owner, wanted.kind, place, wanted.format, "making", wanted.key, wanted.base, now)
            await self._ledger.add(there)
        if there.state == "making":
            await self._finish(there, wanted, build)
        return Disk(self._shelf.shown(place), wanted.format, await self._shelf.virtual_size(place, wanted.format))

    async def _exists(self, path: str) -> bool:
        return not await self._shelf.absent([path])

    async def _check_is_ours(self, there: Object, wanted: Wanted) -> None:
        if there.created_by != wanted.key:
            message = f"{wanted.owner} has a {wanted.kind} disk that another attempt made; it is never made again."
            raise Refusal(message, code="disk_exists", internal=f"made by {there.created_by}")
        if there.state == "there" and not await self._exists(there.path):
            raise Refusal(f"The {wanted.kind} disk of {wanted.owner} was made and is gone.", code="disk_missing")

    async def _finish(self, there: Object, wanted: Wanted, build: Build[T]) -> None:
        if not await self._exists(there.path):  # it does if we died after the rename
            try:
                await self._shelf.make(there, build)
            except BaseException:
                await self._ledger.forget(there.id)
                raise
        base = wanted.base if wanted.keep_base else None
        await self._ledger.place(replace(there, state="there", base=base, since=self._ledger.clock.now()))
