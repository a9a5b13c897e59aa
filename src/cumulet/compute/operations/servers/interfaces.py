"""The interfaces of many servers, which every list of servers shows."""

from __future__ import annotations

from collections.abc import Sequence

from ....kernel.db import Database, Reader
from ....network.operations import ports
from ....network.operations.changes import INTERFACES
from ....network.operations.ports import Interface

MOST = 20_000
"""How many servers' interfaces are kept."""


class Interfaces:
    """What network tells of servers' interfaces, kept until it signals that they may look different.

    Kept only where every change is signalled in this process (`db.alone`); elsewhere network is asked each time.
    """

    def __init__(self, db: Database) -> None:
        self._kept: dict[str, list[Interface]] = {}
        self._generation = 0
        self._keeps = db.alone
        if db.alone:
            db.subscribe(INTERFACES, self._changed)

    def _changed(self, server_id: str) -> None:
        self._generation += 1
        if server_id:
            self._kept.pop(server_id, None)
        else:
            self._kept.clear()

    async def of(self, tx: Reader, ids: Sequence[str]) -> dict[str, list[Interface]]:
        """The interfaces of these servers, by server. `tx` must not have written: what is kept is what is committed."""
        kept = self._kept
        missing = [server_id for server_id in ids if server_id not in kept]
        if not missing:
            return {server_id: kept[server_id] for server_id in ids}
        generation = self._generation
        known = {server_id: kept[server_id] for server_id in ids if server_id in kept}
        found = await ports.interfaces(tx, missing)
        if self._keeps and generation == self._generation:
            if len(kept) + len(found) > MOST:
                kept.clear()
            kept.update(found)
        return {**known, **found}
