"""A host with what is below it, as it is now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import cached_property

from msgspec import Struct

from ...contract.commands import Device, HostFacts
from ..model import Figures, Piece
from . import stock


class Node(Struct, frozen=True):
    """A provider. `label` is empty for the host itself."""

    provider_id: str
    label: str
    figures: dict[str, Figures]
    traits: frozenset[str]


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

    @property
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
