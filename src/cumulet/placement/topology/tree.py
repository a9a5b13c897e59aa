"""A host with what is below it, as it is now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import cached_property

from msgspec import Struct

from ...contract.commands import Cell, Device, HostFacts
from ..model import Figures, Piece
from ..wishes import CELL
from . import stock

PINNED = "PCPU"
"""The class of processors that one guest has for itself; which ones are pieces of the host's provider."""


class Node(Struct, frozen=True):
    """A provider. `label` is empty for the host itself."""

    provider_id: str
    label: str
    figures: dict[str, Figures]
    traits: frozenset[str]


class Room(Struct, frozen=True):
    """Where a cell of a guest can be: a cell of the host, or the whole host if it has only one (`cell_id` is None).

    `cpus` are the processors that guests share there, `dedicated` those that nobody holds; `free` is by the host's classes.
    """

    cell_id: int | None
    provider_id: str | None
    cpus: list[int]
    dedicated: list[int]
    free: dict[str, int]


class Tree:
    """A host, the providers below it, and which of its devices and processors nobody holds."""

    def __init__(self, facts: HostFacts, nodes: list[Node], held: Collection[Piece]) -> None:
        self.facts = facts
        self.nodes = {node.provider_id: node for node in nodes}
        self.held = {(piece.provider_id, piece.piece) for piece in held}

    @property
    def host(self) -> Node:
        """The host itself."""
        return self.nodes[self.facts.host_id]

    @cached_property
    def below(self) -> list[Node]:
        """The providers below it, by label."""
        return sorted((node for node in self.nodes.values() if node is not self.host), key=lambda node: node.label)

    @cached_property
    def _devices(self) -> dict[tuple[str, str], list[Device]]:
        found: dict[tuple[str, str], list[Device]] = defaultdict(list)
        held = {piece for _, piece in self.held}
        for device in stock.sold(self.facts, self.held):
            if device.address not in held:
                found[stock.provider_of(device), stock.normal_class(device.resource_class)].append(device)
        return found

    def devices(self, node: Node, resource_class: str) -> list[Device]:
        """The devices of a class that a provider has and nobody holds."""
        return self._devices.get((node.label, resource_class), [])

    def is_made_of_devices(self, node: Node) -> bool:
        """Whether a claim of this provider holds pieces."""
        return any(node.label == stock.provider_of(device) for device in self.facts.devices)

    @cached_property
    def rooms(self) -> list[Room]:
        """The host's cells; or one room that is the whole host, where nothing is counted beside the host's own claims."""
        cells = stock.cells_of(self.facts)
        labels = {node.label: node for node in self.below}
        known = [(cell, labels[label]) for cell in cells if (label := stock.cell_label(cell.cell_id)) in labels]
        if known:
            return [self._room(cell, node) for cell, node in known]
        shared = self.facts.shared_cpus or list(range(self.facts.vcpus))
        return [Room(None, None, shared, self._unheld(self.facts.dedicated_cpus), {})]

    def _room(self, cell: Cell, node: Node) -> Room:
        own = set(cell.cpus)
        apart = set(self.facts.dedicated_cpus)
        shared = [cpu for cpu in self.facts.shared_cpus or cell.cpus if cpu in own and cpu not in apart]
        dedicated = self._unheld([cpu for cpu in self.facts.dedicated_cpus if cpu in own])
        free = {
            stock.host_class(name): figures.free - self.adrift(name)
            for name, figures in node.figures.items()
            if name.startswith(CELL)
        }
        return Room(cell.cell_id, node.provider_id, shared, dedicated, free)

    def _unheld(self, cpus: list[int]) -> list[int]:
        return [cpu for cpu in cpus if (self.host.provider_id, str(cpu)) not in self.held]

    def adrift(self, cell_class: str) -> int:
        """How much of a class is in no cell's account though it is not free: claimed of the host, taken by guests that nobody
        knows, or used by the host itself beyond its reserve. It may be in any cell, so that each has so much less.
        """
        host = self.host.figures.get(stock.host_class(cell_class))
        if host is None:
            return 0
        placed = sum(node.figures[cell_class].used for node in self.below if cell_class in node.figures)
        return max(0, host.used + host.unmanaged + host.kept - host.reserved - placed)
