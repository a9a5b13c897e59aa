"""A host compared with the database: what one of them has that the other does not know (F7). It only reads.

Whoever restores an older database looks here first: servers that were made since then run on, and nobody knows them; servers that
were deleted since then are known, and their disks are in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ....contract.commands import Kept, Quarantined, Stock
from ....kernel.db import Reader
from ....network.operations import ports
from ....placement.operations import claims
from ....volume.operations import stock as volumes
from ...model import ACTIVE, Server
from ...store import disks, servers
from .differences import Compared, Missing, Unknown


async def compare(tx: Reader, host_id: str, stock: Stock) -> Compared:
    """Compare a host with the database."""
    here = await servers.many(tx, [seen.id for seen in await servers.on_host(tx, host_id)])
    guests = {guest.server_id: guest for guest in stock.guests if guest.server_id}
    holders = await claims.consumers_on(tx, host_id)
    known = await servers.many(tx, sorted({*guests, *(kept.owner for kept in stock.disks), *holders}))
    awake = {server_id for server_id, guest in guests.items() if guest.state in ("running", "paused", "suspended")}
    return Compared(
        [guest for server_id, guest in guests.items() if server_id not in known],
        await _unknown(tx, stock.disks, known, awake),
        [*await _missing_servers(tx, here, stock, holders), *await _missing_volumes(tx, host_id, stock)],
        sorted(server.id for server in here.values() if server.state == ACTIVE and server.task is None and server.id not in awake),
        sorted(server_id for server_id in awake if server_id in known and known[server_id].host_id != host_id),
        sorted(holder for holder in holders if holder not in known),
        len(here),
        len(stock.disks),
    )


async def _unknown(tx: Reader, kept: Sequence[Kept], known: Iterable[str], awake: set[str]) -> list[Unknown]:
    strangers: dict[str, list[Kept]] = {}
    for disk in kept:
        if disk.owner not in known:
            strangers.setdefault(disk.owner, []).append(disk)
    volume_ids = await volumes.known(tx, list(strangers))
    return [Unknown(owner, found, owner in awake) for owner, found in strangers.items() if owner not in volume_ids]


async def _missing_servers(tx: Reader, here: dict[str, Server], stock: Stock, holders: set[str]) -> list[Missing]:
    having = {kept.owner for kept in stock.disks}
    lost = sorted({disk.server_id for disk in await disks.local_of(tx, list(here))} - having)
    plugged = await ports.interfaces(tx, lost)
    return [
        Missing(
            "server",
            server_id,
            here[server_id].name,
            _in_quarantine(stock.quarantine, server_id),
            [interface.port_id for interface in plugged[server_id]],
            server_id in holders,
        )
        for server_id in lost
    ]


async def _missing_volumes(tx: Reader, host_id: str, stock: Stock) -> list[Missing]:
    having = {kept.owner for kept in stock.disks}
    wanted = await volumes.on_host(tx, host_id)
    return [
        Missing(noun, volume_id, "", _in_quarantine(stock.quarantine, volume_id))
        for volume_id, noun in sorted(wanted.items())
        if volume_id not in having
    ]


def _in_quarantine(quarantine: Sequence[Quarantined], owner: str) -> list[str]:
    return [entry.object_id for entry in quarantine if entry.owner == owner]
