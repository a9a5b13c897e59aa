"""What a server holds inside its host, as the host has to be told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from ....contract.commands import HostFacts
from ....contract.guests import CellSpec, HostDevice
from ....kernel.db import Reader
from ...model import Seat
from ...store import claims, hosts
from ...store.topology import pieces
from ...topology.stock import cell_label, cells_of, child_id
from ...wishes import GuestCell


class Holding(Struct, frozen=True):
    """Devices by address; the guest's cells with where they are in the host; else the host's cells that its memory is in."""

    devices: list[HostDevice] = []
    cells: list[CellSpec] = []
    bound: list[int] = []


async def claimed_now(tx: Reader, consumer_id: str, host: Seat, cells: Sequence[GuestCell]) -> Holding:
    """What a consumer that was placed in this transaction holds there: nothing, if there is nothing to be held."""
    return await of_consumer(tx, consumer_id, host.id, cells) if host.divided or cells else Holding()


async def of_consumer(tx: Reader, consumer_id: str, host_id: str, cells: Sequence[GuestCell] = ()) -> Holding:
    """What it holds there; `cells` are those that its guest has. A device that is gone is told, too: then the host refuses to
    start the guest.
    """
    held = [piece.piece for piece in await pieces.in_tree(tx, consumer_id, host_id)]
    shares: Counter[str] = Counter()
    for row in await claims.in_tree(tx, consumer_id, host_id):
        shares[row.provider_id] += row.amount if row.provider_id != host_id else 0
    if not held and not +shares and not cells:
        return Holding()
    host = await hosts.find(tx, host_id)
    if host is None:
        return Holding()
    known = {device.address: device for device in host.facts.devices}
    addresses = [piece for piece in held if ":" in piece]
    devices = [HostDevice(address, known[address].managed if address in known else True) for address in addresses]
    own = _host_cells(host.facts, shares)
    if not cells:
        return Holding(devices, bound=sorted(own))
    return Holding(devices, _placed(host.facts, cells, own, [int(piece) for piece in held if ":" not in piece]))


def _host_cells(facts: HostFacts, shares: Mapping[str, int]) -> dict[int, int]:
    """The cells of the host in which something is held, and how much."""
    ids = {cell.cell_id: child_id(facts.host_id, cell_label(cell.cell_id)) for cell in cells_of(facts)}
    return {cell_id: shares[identity] for cell_id, identity in ids.items() if identity in shares}


def _placed(facts: HostFacts, cells: Sequence[GuestCell], own: dict[int, int], cpus: list[int]) -> list[CellSpec]:
    """The largest cell of the guest is in that of the host of which most is held, and so on: so it was claimed."""
    by_size = sorted(range(len(cells)), key=lambda at: (-sum(cells[at].resources.values()), at))
    by_share = sorted(own, key=lambda cell_id: (-own[cell_id], cell_id))
    home = dict(zip(by_size, by_share, strict=False))
    near = {cell.cell_id: cell.cpus for cell in cells_of(facts)}
    left = sorted(cpus)
    found = []
    for at, cell in enumerate(cells):
        there = near.get(home[at]) if at in home else None
        own_cpus = [cpu for cpu in left if there is None or cpu in there][: len(cell.cpus)] if left else []
        left = [cpu for cpu in left if cpu not in own_cpus]
        found.append(CellSpec(cell.cpus, cell.memory_mb, home.get(at), there or [], own_cpus))
    return found
