"""Whether what is wanted inside a host is there, and of which providers it is taken. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from ..refusals import misfitting
from ..wishes import Choice, Inside, Part, cell_class
from . import rooms as rooming
from .rooms import Lack, Rooms
from .stock import MEMORY, provider_of
from .tree import PINNED, Node, Tree

MOST = 20_000
"""How many combinations are tried for one host: their number grows exponentially with that of the parts."""


ROOMINGS = 100
"""In how many ways a guest's cells are put into a host's, if its devices do not fit beside the first."""


class Taken(Struct, frozen=True):
    """A piece that a claim will hold."""

    provider_id: str
    resource_class: str
    piece: str


class Fit(Struct, frozen=True):
    """What to claim below a host: provider id to amounts by class; and which pieces."""

    amounts: dict[str, dict[str, int]]
    pieces: list[Taken]

    def beside(self, other: Fit) -> Fit:
        """Both."""
        ids = {**self.amounts, **other.amounts}
        return Fit({at: {**self.amounts.get(at, {}), **other.amounts.get(at, {})} for at in ids}, self.pieces + other.pieces)


def fit(tree: Tree, inside: Inside) -> Fit | Lack:
    """How to take all that is wanted of this host, or the first thing that it lacks."""
    parts, lacking = inside.parts, None
    for rooms in islice(rooming.ways(tree, inside), ROOMINGS):
        for some in (parts, list(_divided(parts))) if any(part.divisible for part in parts) else (parts,):
            found = _Search(tree, some, inside.isolate, _cells(rooms)).run()
            if found is not None:
                return _fit(tree, found, inside, rooms)
        lacking = lacking or _lack(tree, parts, _cells(rooms))
    return lacking or rooming.lack(tree, inside)


def _cells(rooms: Rooms) -> frozenset[int]:
    """The cells of the host that the guest is in; none if that makes no difference."""
    return frozenset(room.cell_id for room in rooms if room.cell_id is not None)


def _divided(parts: list[Part]) -> Iterator[Part]:
    """Each unit of what is divisible as a part of its own."""
    for part in parts:
        [choice, *others] = part.choices
        if not part.divisible or others:
            yield part
            continue
        for name, amount in choice.resources.items():
            unit = Choice({name: 1}, choice.required, choice.forbidden, choice.kind, choice.near)
            yield from [Part([unit], part.host_too)] * amount


Amounts = Counter[tuple[str, str]]
"""(provider id, resource class) to an amount."""


class _Search:
    """Depth first; equal parts are taken of providers in their order, so that no combination is tried twice."""

    def __init__(self, tree: Tree, parts: list[Part], isolate: bool, cells: frozenset[int]) -> None:
        self._tree = tree
        self._parts = parts
        self._isolate = isolate
        self._cells = cells
        self._nodes = sorted(tree.below, key=lambda node: not _cells_of(tree, node) & cells)
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
        if (self._isolate and number in self._used) or not _is_suitable(self._tree, node, choice, self._cells):
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


def _cells_of(tree: Tree, node: Node) -> frozenset[int]:
    """The cells that a provider's devices are near to, as far as that is known."""
    own = (device for device in tree.facts.devices if provider_of(device) == node.label)
    return frozenset(device.cell_id for device in own if device.cell_id is not None)


def _is_near(tree: Tree, node: Node, choice: Choice, cells: frozenset[int]) -> bool:
    if not cells or choice.near == "preferred" or not tree.is_made_of_devices(node):
        return True
    known = _cells_of(tree, node)
    return bool(known & cells) or (choice.near == "legacy" and not known)


def _is_suitable(tree: Tree, node: Node, choice: Choice, cells: frozenset[int]) -> bool:
    if not _has_traits(node, choice) or not _is_near(tree, node, choice, cells):
        return False
    return all(misfitting(name, amount, node.figures.get(name)) is None for name, amount in choice.resources.items())


def _has_traits(node: Node, choice: Choice) -> bool:
    return node.traits >= set(choice.required) and not node.traits & set(choice.forbidden)


def _free(tree: Tree, node: Node, name: str, choice: Choice) -> int:
    free = node.figures[name].free
    if choice.kind is None and not tree.is_made_of_devices(node):
        return free
    return min(free, sum(1 for device in tree.devices(node, name) if choice.kind in (None, device.kind)))


def _fit(tree: Tree, found: Amounts, inside: Inside, rooms: Rooms) -> Fit:
    amounts: dict[str, dict[str, int]] = defaultdict(dict)
    taken = []
    for (provider_id, name), amount in found.items():
        amounts[provider_id][name] = amount
        free = tree.devices(tree.nodes[provider_id], name)
        taken += [Taken(provider_id, name, device.address) for device in free[:amount]]
    for room, cell in zip(rooms, inside.cells, strict=True):
        if room.provider_id is not None:
            amounts[room.provider_id] |= {cell_class(name): amount for name, amount in cell.resources.items()}
    if inside.dedicated:
        taken += [Taken(tree.host.provider_id, PINNED, str(cpu)) for cpu in rooming.pins(rooms, inside.cells)]
    return Fit(dict(amounts), taken)


def adrift(tree: Tree, memory_mb: int) -> Fit:
    """Where a guest without such wishes has its memory."""
    found = rooming.adrift(tree, memory_mb)
    return Fit({provider_id: {cell_class(MEMORY): amount} for provider_id, amount in found.items()}, [])


def _lack(tree: Tree, parts: list[Part], cells: frozenset[int]) -> Lack:
    """The first class of which all parts together want more than is free; else that they do not fit together."""
    wanted: Counter[str] = Counter()
    most: dict[str, int] = {}
    for part in parts:
        words = " or ".join(choice.words() for choice in part.choices)
        wanted[words] += max(sum(choice.resources.values()) for choice in part.choices)
        nodes = [*tree.below, tree.host] if part.host_too else tree.below
        most[words] = sum(_has(tree, nodes, choice, cells) for choice in part.choices)
    for words, amount in wanted.items():
        if most[words] < amount:
            return Lack(words, amount, most[words])
    return Lack("of all this at once", len(parts), 0)


def _has(tree: Tree, nodes: list[Node], choice: Choice, cells: frozenset[int]) -> int:
    return sum(
        max(0, _free(tree, node, name, choice))
        for node in nodes
        for name in choice.resources
        if name in node.figures and _has_traits(node, choice) and _is_near(tree, node, choice, cells)
    )
