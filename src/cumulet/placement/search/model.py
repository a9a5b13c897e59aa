"""What is asked for, what there is, and what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from ..model import Figures

SHARES = "MISC_SHARES_VIA_AGGREGATE"
"""The trait of a provider whose inventory others in its aggregates may use."""


class Group(Struct, frozen=True):
    """One group of a request.

    `required` wants one trait of each list, `member_of` one aggregate of each list; `in_tree` is a provider in whose tree
    the group must be satisfied. Only the group without a suffix may be spread over several providers.
    """

    suffix: str
    resources: dict[str, int]
    required: list[list[str]] = []
    forbidden: list[str] = []
    member_of: list[list[str]] = []
    not_in: list[str] = []
    in_tree: str | None = None


class Search(Struct, frozen=True):
    """A whole request.

    With `isolate` every group with a suffix gets a provider of its own. `root_required` and `root_forbidden` are about the
    anchor. All providers of the groups in one of `same_subtrees` must be below one of them. Without `nested`, two
    providers of one tree are too many.
    """

    groups: list[Group]
    isolate: bool = False
    root_required: list[str] = []
    root_forbidden: list[str] = []
    same_subtrees: list[list[str]] = []
    limit: int | None = None
    nested: bool = True


class Node(Struct, frozen=True):
    """A provider with all that a search looks at."""

    id: str
    parent_id: str | None
    root_id: str
    figures: dict[str, Figures]
    traits: frozenset[str]
    aggregates: frozenset[str]

    @property
    def shares(self) -> bool:
        """Whether others may use its inventory."""
        return SHARES in self.traits


class World:
    """The providers that a search looks at, by id, by tree, and by what trees share."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.trees: dict[str, list[Node]] = defaultdict(list)
        self._sharing: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes.values():
            self.trees[node.root_id].append(node)
            for aggregate_id in node.aggregates if node.shares else ():
                self._sharing[aggregate_id].append(node)

    def shared_with(self, root_id: str) -> list[Node]:
        """The providers outside of a tree that share their inventory with it."""
        aggregates = {aggregate_id for node in self.trees[root_id] for aggregate_id in node.aggregates}
        found = {node.id: node for aggregate_id in sorted(aggregates) for node in self._sharing[aggregate_id]}
        return [node for node in found.values() if node.root_id != root_id]

    def root_of(self, provider_id: str) -> str | None:
        """The root of a provider's tree; None if the provider is not in this world."""
        node = self.nodes.get(provider_id)
        return node.root_id if node else None

    def lineage(self, provider_id: str) -> set[str]:
        """A provider and everything above it."""
        found: set[str] = set()
        at: str | None = provider_id
        while at is not None and at in self.nodes:
            found.add(at)
            at = self.nodes[at].parent_id
        return found


Amounts = dict[tuple[str, str], int]
"""(provider id, resource class) to an amount."""


class Candidate(Struct, frozen=True):
    """One way to satisfy a request: amounts, and which providers satisfy which group."""

    amounts: Amounts
    mappings: dict[str, list[str]]

    def providers(self) -> list[str]:
        """The providers that give something."""
        return list(dict.fromkeys(provider_id for provider_id, _ in self.amounts))
