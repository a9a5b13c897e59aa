"""What of the volumes and snapshots should be on a host: for comparing the database with the host."""

from __future__ import annotations

from collections.abc import Sequence

from ...kernel.db import Reader
from ..store import snapshots, volumes


async def on_host(tx: Reader, host_id: str) -> dict[str, str]:
    """What the host should have, by id: `volume` or `snapshot`."""
    made = dict.fromkeys(await volumes.on_host(tx, host_id), "volume")
    return made | dict.fromkeys(await snapshots.on_host(tx, host_id), "snapshot")


async def known(tx: Reader, ids: Sequence[str]) -> set[str]:
    """Those of these ids that are volumes or snapshots."""
    return await volumes.known(tx, ids) | await snapshots.known(tx, ids)
