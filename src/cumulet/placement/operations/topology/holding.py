"""What a server holds inside its host, as the host has to be told of it."""

from __future__ import annotations

from msgspec import Struct

from ....contract.guests import HostDevice
from ....kernel.db import Reader
from ...model import Seat
from ...store import hosts
from ...store.topology import pieces


class Holding(Struct, frozen=True):
    """Devices, by address."""

    devices: list[HostDevice] = []


async def claimed_now(tx: Reader, consumer_id: str, host: Seat) -> Holding:
    """What a consumer that was placed in this transaction holds there: nothing, if there is nothing to be held."""
    return await of_consumer(tx, consumer_id, host.id) if host.divided else Holding()


async def of_consumer(tx: Reader, consumer_id: str, host_id: str) -> Holding:
    """What it holds there. A device that is gone is told, too: then the host refuses to start the guest."""
    held = [piece.piece for piece in await pieces.in_tree(tx, consumer_id, host_id) if ":" in piece.piece]
    host = await hosts.find(tx, host_id) if held else None
    if host is None:
        return Holding()
    known = {device.address: device for device in host.facts.devices}
    return Holding([HostDevice(address, known[address].managed if address in known else True) for address in held])
