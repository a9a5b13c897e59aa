"""Which place has an object."""

from __future__ import annotations

from typing import Any

from cumulet.kernel.ceph.client import Client

from ...refusals import Refusal
from ..layout import Layout
from .block import SCHEME, BlockShelf, address
from .local import FileShelf
from .protocol import Shelf


class Shelves:
    """All of them. Block images go on being found in a pool that is not the one for new ones any more."""

    def __init__(self, layout: Layout, ceph: Client) -> None:
        self.files = FileShelf(layout)
        self._layout, self._ceph = layout, ceph
        self._blocks: dict[str, BlockShelf] = {}

    def block(self, pool: str) -> BlockShelf:
        """That for block images in a pool. Raises Refusal if this host knows no cluster."""
        if pool not in self._blocks:
            try:
                self._blocks[pool] = BlockShelf(self._ceph, pool)
            except ValueError as problem:
                message = "The host cannot use the Ceph cluster for root disks."
                raise Refusal(message, internal=str(problem)) from None
        return self._blocks[pool]

    def block_of(self, path: str) -> BlockShelf:
        """That which has a block image. Raises Refusal if it is in another cluster than this host's."""
        found = self.block(address(path).pool)
        if found.fsid != address(path).fsid:
            raise Refusal("The disk is in another Ceph cluster than this host's.", internal=path)
        return found

    def of(self, path: str) -> Shelf[Any]:
        """That which has what is under this path."""
        return self.block_of(path) if path.startswith(SCHEME) else self.files

    def recorded(self, shown: str) -> str | None:
        """The ledger's path of what others are told as `shown`; None if it cannot be anything of ours."""
        return shown if shown.startswith(SCHEME) else self._layout.relative(shown)
