"""Whether what is wanted inside a host is there, and of which providers it is taken. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from msgspec import Struct

from ..refusals import misfitting
from ..wishes import Choice, Inside, Part
from .tree import Node, Tree

MOST = 20_000
"""How many combinations are tried for one host: their number grows exponentially with that of the parts."""


class Taken(Struct, frozen=True):
    """A piece that a claim will hold."""

    provider_id: str
    resource_class: str
    piece: str


class Fit(Struct, frozen=True):
    """What to claim below a host: provider id to amounts by class; and which pieces."""

    amounts: dict[str, dict[str, int]]
    pieces: list[Taken]


class Lack(Struct, frozen=True):
    """What a host has too little of inside: `most` is what is free."""

    what: str
    wanted: int
    most: int

    def words(self) -> str:
        """For users."""
        return f"{self.wanted} {self.what} wanted, {self.most} free"


def fit(tree: Tree, inside: Inside) -> Fit | Lack:
    """How to take all that is wanted of this host, or the first thing that it lacks."""
    whole = inside.parts
    for parts in (whole, list(_divided(whole))) if any(part.divisible for part in whole) else (whole,):
        found = _Search(tree, parts, inside.isolate).run()
        if found is not None:
            return _fit(tree, found)
    return _lack(tree, whole)


def _divided(parts: list[Part]) -> Iterator[Part]:
    """Each unit of what is divisible as a part of its own."""
    for part in parts:
        [choice, *others] = part.choices
        if not part.divisible or others:
            yield part
            continue
        for name, amount in choice.resources.items():
            unit = Choice({name: 1}, choice.required, choice.forbidden, choice.kind)
            yield from [Part([unit], part.host_too)] * amount


Amounts = Counter[tuple[str, str]]
"""(provider id, resource class) to an amount."""


class _Search:
    """Depth first; equal parts are taken of providers in their order, so that no combination is tried twice."""

    def __init__(self, tree: Tree, parts: list[Part], isolate: bool) -> None:
        self._tree = tree
        self._parts = parts
        self._isolate = isolate
        self._nodes = tree.below
        self._amounts: Amounts = Counter()
        self._used: list[int] = []
        self._steps = 0

    def run(self) -> Amounts | None:
        return +self._amounts if self._place(0) else None

    def _place(self, at: int) -> bool:
        if at == len(self._parts):
            return True
        part = self._parts[at]
        first = self._used[-1] if at and part == self._parts[at - 1] else 0
        nodes = [*self._nodes, self._tree.host] if part.host_too else self._nodes
        for number in range(first, len(nodes)):
            for choice in part.choices:
                self._steps += 1
                if self._steps > MOST:
                    return False
                if self._takes(nodes[number], number, choice) and self._goes_on(nodes[number], number, choice, at):
                    return True
        return False

    def _takes(self, node: Node, number: int, choice: Choice) -> bool:
        if (self._isolate and number in self._used) or not _is_suitable(self._tree, node, choice):
            return False
        return all(
            self._amounts[node.provider_id, name] + amount <= _free(self._tree, node, name, choice)
            for name, amount in choice.resources.items()
        )

    def _goes_on(self, node: Node, number: int, choice: Choice, at: int) -> bool:
        amounts = Counter({(node.provider_id, name): amount for name, amount in choice.resources.items()})
        self._amounts.update(amounts)
        self._used.append(number)
        if self._place(at + 1):
            return True
        self._amounts.subtract(amounts)
        self._used.pop()
        return False


def _is_suitable(tree: Tree, node: Node, choice: Choice) -> bool:
    if not node.traits >= set(choice.required) or node.traits & set(choice.forbidden):
        return False
    return all(misfitting(name, amount, node.figures.get(name)) is None for name, amount in choice.resources.items())


def _free(tree: Tree, node: Node, name: str, choice: Choice) -> int:
    free = node.figures[name].free
    if choice.kind is None and not tree.is_made_of_devices(node):
        return free
    return min(free, sum(1 for device in tree.devices(node, name) if choice.kind in (None, device.kind)))


def _fit(tree: Tree, found: Amounts) -> Fit:
    amounts: dict[str, dict[str, int]] = defaultdict(dict)
    pieces = []
    for (provider_id, name), amount in found.items():
        amounts[provider_id][name] = amount
        free = tree.devices(tree.nodes[provider_id], name)
        pieces += [Taken(provider_id, name, device.address) for device in free[:amount]]
    return Fit(dict(amounts), pieces)


def _lack(tree: Tree, parts: list[Part]) -> Lack:
    """The first class of which all parts together want more than is free; else that they do not fit together."""
    wanted: Counter[str] = Counter()
    most: dict[str, int] = {}
    for part in parts:
        words = " or ".join(choice.words() for choice in part.choices)
        wanted[words] += max(sum(choice.resources.values()) for choice in part.choices)
        nodes = [*tree.below, tree.host] if part.host_too else tree.below
        most[words] = sum(_has(tree, nodes, choice) for choice in part.choices)
    for words, amount in wanted.items():
        if most[words] < amount:
            return Lack(words, amount, most[words])
    return Lack("of all this at once", len(parts), 0)


def _has(tree: Tree, nodes: list[Node], choice: Choice) -> int:
    return sum(
        max(0, _free(tree, node, name, choice))
        for node in nodes
        for name in choice.resources
        if name in node.figures and node.traits >= set(choice.required) and not node.traits & set(choice.forbidden)
    )
