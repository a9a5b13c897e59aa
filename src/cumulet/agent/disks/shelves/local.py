"""Objects as files below the agent's state folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ...refusals import Refusal
from ...store.ledger import Object
from .. import files, formats, qemu_img
from ..layout import Layout, unfinished
from .protocol import Build


class FileShelf:
    """A `Shelf` of files."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def place(self, owner: str, kind: str) -> str:
        """By its owner's and its kind's name."""
        return self._layout.of(owner, kind)

    def kept(self, object_id: str) -> str:
        """In a folder for all of them."""
        return self._layout.quarantine(object_id)

    def shown(self, path: str) -> str:
        """The whole path."""
        return str(self._layout.absolute(path))

    def size(self, path: str) -> int:
        """What the file really takes."""
        return files.size_of(self._layout.absolute(path))

    async def virtual_size(self, path: str, form: str) -> int:
        """From its header."""
        return formats.own_size(self._layout.absolute(path), form)

    async def absent(self, paths: list[str]) -> list[str]:
        """Those that do not exist."""
        return [path for path in paths if not self._layout.absolute(path).exists()]

    async def make(self, made: Object, build: Build[Path]) -> None:
        """Write a temporary file and rename it."""
        path = self._layout.absolute(made.path)
        temporary = unfinished(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        try:
            await build(temporary)
            await asyncio.to_thread(files.publish, temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            _tidy(path)
            raise

    async def discard(self, made: Object) -> None:
        """Remove the temporary file."""
        path = self._layout.absolute(made.path)
        await asyncio.to_thread(unfinished(path).unlink, missing_ok=True)
        await asyncio.to_thread(_tidy, path)

    async def move(self, path: str, other: str) -> None:
        """Rename; a server's folder is made for its first disk and goes with its last one."""
        source, target = self._layout.absolute(path), self._layout.absolute(other)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread(files.move, source, target)
        await asyncio.to_thread(_tidy, source)

    async def remove(self, path: str) -> None:
        """Delete it."""
        await asyncio.to_thread(files.remove, self._layout.absolute(path))

    async def is_open(self, path: str, form: str) -> bool:
        """By QEMU's lock on it."""
        place = self._layout.absolute(path)
        try:
            if place.exists():
                await qemu_img.info(place, form)
        except Refusal as problem:
            return problem.code == "in_use"
        return False


def _tidy(path: Path) -> None:
    if path.parent.parent.name == "disks":
        files.remove_folder_if_empty(path.parent)
