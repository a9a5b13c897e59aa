"""How an object comes to be: a row in the ledger, a temporary file, an atomic rename, the row marked.

A crash anywhere leaves a row that says `making` and who made it. The same key then goes on from there, an undo clears it away, and
any other key is refused: the object may be somebody's (K2, K4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from cumulet.contract.commands import Disk
from cumulet.kernel.ids import new_uuid

from ..refusals import Refusal
from ..store.ledger import Ledger, Object
from . import files, formats
from .layout import Layout, unfinished

Build = Callable[[Path], Awaitable[None]]


class Wanted(Struct, frozen=True):
    """An object to be made by `key`. `base` is what its file is built upon; `keep_base` whether it goes on needing it."""

    owner: str
    kind: str
    format: str
    key: str
    base: str | None = None
    keep_base: bool = True


class Maker:
    """Makes objects; each at most once."""

    def __init__(self, layout: Layout, ledger: Ledger) -> None:
        self._layout = layout
        self._ledger = ledger

    async def make(self, wanted: Wanted, build: Build) -> Disk:
        """Let `build` write the object's file, and return it.

        Done already if the same key made it. Raises Refusal: disk_exists, disk_missing, and what `build` raises.
        """
        there = await self._ledger.find(wanted.owner, wanted.kind)
        place = self._layout.of(wanted.owner, wanted.kind)
        path = self._layout.absolute(place)
        if there is not None:
            self._check_is_ours(there, wanted, path)
        elif path.exists():
            raise Refusal(f"{wanted.owner} has a {wanted.kind} disk that the ledger does not know.", code="disk_exists")
        if there is None:
            now = self._ledger.clock.now()
            there = Object(new_uuid(), wanted.owner, wanted.kind, place, wanted.format, "making", wanted.key, wanted.base, now)
            await self._ledger.add(there)
        if there.state == "making":
            await self._finish(there, wanted, build)
        return Disk(str(path), wanted.format, formats.own_size(path, wanted.format))

    def _check_is_ours(self, there: Object, wanted: Wanted, path: Path) -> None:
        if there.created_by != wanted.key:
            message = f"{wanted.owner} has a {wanted.kind} disk that another attempt made; it is never made again."
            raise Refusal(message, code="disk_exists", internal=f"made by {there.created_by}")
        if there.state == "there" and not path.exists():
            raise Refusal(f"The {wanted.kind} disk of {wanted.owner} was made and is gone.", code="disk_missing")

    async def _finish(self, there: Object, wanted: Wanted, build: Build) -> None:
        path = self._layout.absolute(there.path)
        if not path.exists():  # it does if we died after the rename
            try:
                await self._build(path, build)
            except BaseException:
                await self._ledger.forget(there.id)
                raise
        base = wanted.base if wanted.keep_base else None
        await self._ledger.place(replace(there, state="there", base=base, since=self._ledger.clock.now()))

    async def _build(self, path: Path, build: Build) -> None:
        temporary = unfinished(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        try:
            await build(temporary)
            await asyncio.to_thread(files.publish, temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            if path.parent.parent.name == "disks":
                files.remove_folder_if_empty(path.parent)
            raise
