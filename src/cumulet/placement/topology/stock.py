"""What the providers below a host have, from what its agent reports."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection

from msgspec import Struct

from ...contract.commands import VF, Cell, Device, HostFacts
from ...kernel import ids
from .. import standards
from ..model import Inventory
from ..rules import pages_class
from ..wishes import CELL, cell_class

MEMORY = "MEMORY_MB"


def host_class(name: str) -> str:
    """What a class of a cell is called in its host."""
    plain = name.removeprefix(CELL)
    return plain if plain in standards.classes() else f"CUSTOM_{plain}"


class Child(Struct, frozen=True):
    """A provider below a host. `label` follows the host's name in its name; `inventories` have the id that it has here."""

    label: str
    inventories: list[Inventory]
    traits: set[str]


def child_id(host_id: str, label: str) -> str:
    """The id of the provider below a host."""
    return ids.derived_uuid(host_id, "below", label)


def cell_label(number: int) -> str:
    """What the provider of a cell is called, after its host."""
    return f"NUMA{number}"


def cells_of(facts: HostFacts) -> list[Cell]:
    """The cells that are providers: those with memory, if there are several."""
    found = [cell for cell in facts.cells if cell.memory_mb]
    return found if len(found) > 1 else []


def provider_of(device: Device) -> str:
    """The label of the provider that a device is inventory of."""
    return device.parent or device.address


def normal_class(name: str) -> str:
    """A resource class as placement writes it: a standard one, or a custom one."""
    return _normal(name, standards.classes())


def normal_trait(name: str) -> str:
    """A trait as placement writes it: a standard one, or a custom one."""
    return _normal(name, standards.traits())


def _normal(name: str, known: Collection[str]) -> str:
    plain = re.sub(r"[^A-Z0-9_]", "_", name.strip().upper())
    return plain if plain in known or plain.startswith("CUSTOM_") else f"CUSTOM_{plain}"


def labels(facts: HostFacts) -> dict[str, str]:
    """The label of each provider that a host's facts speak of, by its id: names can be changed by the API."""
    found = {cell_label(cell.cell_id) for cell in cells_of(facts)} | {provider_of(device) for device in facts.devices}
    return {child_id(facts.host_id, label): label for label in found}


Held = Collection[tuple[str, str]]
"""(provider id, piece) of what claims hold."""


def sold(facts: HostFacts, held: Held) -> list[Device]:
    """The devices that are inventory now.

    A physical function and its virtual functions exclude one another: while there are virtual functions, or one is held, it is
    not sold, and while it is held they are not.
    """
    divided = {provider_of(device) for device in facts.devices if device.kind == VF}
    for label in {device.address for device in facts.devices} | divided:
        pieces = {piece for provider_id, piece in held if provider_id == child_id(facts.host_id, label)}
        if label in pieces:
            divided.discard(label)
        elif pieces:
            divided.add(label)
    return [device for device in facts.devices if (device.kind == VF) == (provider_of(device) in divided)]


def children(facts: HostFacts, memory: Inventory | None, held: Held, stamp: str) -> list[Child]:
    """The providers below a host; `memory` is what the host itself has, whose ratio and reserve its cells share."""
    found = [_cell(facts, cell, memory, stamp) for cell in cells_of(facts)] if memory else []
    by_label: dict[str, list[Device]] = defaultdict(list)
    for device in sold(facts, held):
        by_label[provider_of(device)].append(device)
    return found + [_devices(facts.host_id, label, devices, stamp) for label, devices in by_label.items()]


def _cell(facts: HostFacts, cell: Cell, memory: Inventory, stamp: str) -> Child:
    identity = child_id(facts.host_id, cell_label(cell.cell_id))
    ordinary = _ordinary(cell)
    stock = [_one(identity, cell_class(MEMORY), ordinary, _reserve(facts, cell, memory.reserved), memory.allocation_ratio, stamp)]
    stock += [_one(identity, cell_class(pages_class(pool.size_kb)), pool.total, 0, 1.0, stamp) for pool in cell.pages]
    return Child(cell_label(cell.cell_id), stock, {"HW_NUMA_ROOT"})


def _ordinary(cell: Cell) -> int:
    return cell.memory_mb - sum(pool.memory_mb for pool in cell.pages)


def _reserve(facts: HostFacts, cell: Cell, reserved: int) -> int:
    """A cell's share of the host's reserve, by the size of its memory; together they are all of it."""
    shared, share = 0, 0
    known = cells_of(facts)
    whole = sum(map(_ordinary, known)) or 1
    for at, each in enumerate(known):
        share = reserved - shared if at == len(known) - 1 else reserved * _ordinary(each) // whole
        shared += share
        if each.cell_id == cell.cell_id:
            break
    return min(share, _ordinary(cell))


def _devices(host_id: str, label: str, devices: list[Device], stamp: str) -> Child:
    identity = child_id(host_id, label)
    totals = Counter(normal_class(device.resource_class) for device in devices)
    marks = {normal_trait(trait) for device in devices for trait in device.traits}
    marks |= {"COMPUTE_MANAGED_PCI_DEVICE"} if all(device.managed for device in devices) else set()
    return Child(label, [_one(identity, name, total, 0, 1.0, stamp) for name, total in sorted(totals.items())], marks)


def _one(identity: str, name: str, total: int, reserved: int, ratio: float, stamp: str) -> Inventory:
    return Inventory(identity, name, total, reserved, 1, max(total, 1), 1, ratio, "host", "host", "host", stamp)
