"""Which cell of a host each cell of a guest comes to, and where a guest without cells has its memory. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ..wishes import GuestCell, Inside
from .stock import MEMORY
from .tree import Room, Tree

Rooms = list[Room]
"""The room of each of a guest's cells."""


class Lack(Struct, frozen=True):
    """What a host has too little of inside: `most` is what is free."""

    what: str
    wanted: int
    most: int

    def words(self) -> str:
        """For users."""
        return f"{self.wanted} {self.what} wanted, {self.most} free"


def ways(tree: Tree, inside: Inside) -> Iterator[Rooms]:
    """Every way to give each cell of a guest a room of its own; equal cells in the order of the rooms only."""
    yield from _ways(tree.rooms, inside, [])


def _ways(rooms: Rooms, inside: Inside, taken: list[int]) -> Iterator[Rooms]:
    at = len(taken)
    if at == len(inside.cells):
        yield [rooms[number] for number in taken]
        return
    cell = inside.cells[at]
    first = taken[-1] + 1 if at and _alike(cell, inside.cells[at - 1]) else 0
    for number in range(first, len(rooms)):
        if number not in taken and _fits(rooms[number], cell, inside.dedicated):
            yield from _ways(rooms, inside, [*taken, number])


def _alike(one: GuestCell, other: GuestCell) -> bool:
    return (len(one.cpus), one.resources) == (len(other.cpus), other.resources)


def _fits(room: Room, cell: GuestCell, dedicated: bool) -> bool:
    cpus = room.dedicated if dedicated else room.cpus
    return len(cell.cpus) <= len(cpus) and all(amount <= room.free.get(name, 0) for name, amount in _counted(room, cell))


def _counted(room: Room, cell: GuestCell) -> list[tuple[str, int]]:
    """What a cell of a guest takes of a room that has an account of its own."""
    return list(cell.resources.items()) if room.provider_id is not None else []


def lack(tree: Tree, inside: Inside) -> Lack:
    """What keeps the guest's cells from having rooms: the first one that fits nowhere, else their number."""
    rooms = tree.rooms
    for cell in inside.cells:
        if any(_fits(room, cell, inside.dedicated) for room in rooms):
            continue
        for name, amount in cell.resources.items():
            most = max((room.free.get(name, 0) for room in rooms if room.provider_id is not None), default=amount)
            if most < amount:
                return Lack(f"{name} in one NUMA cell", amount, max(0, most))
        word = "dedicated processors in one NUMA cell" if inside.dedicated else "processors in one NUMA cell"
        return Lack(word, len(cell.cpus), max(len(room.dedicated if inside.dedicated else room.cpus) for room in rooms))
    fitting = sum(any(_fits(room, cell, inside.dedicated) for cell in inside.cells) for room in rooms)
    return Lack("NUMA cells that are large enough", len(inside.cells), fitting)


def pins(rooms: Rooms, cells: Sequence[GuestCell]) -> list[int]:
    """The processors of the host that a guest's cells get for themselves."""
    return [cpu for room, cell in zip(rooms, cells, strict=True) for cpu in room.dedicated[: len(cell.cpus)]]


def adrift(tree: Tree, memory_mb: int) -> dict[str, int]:
    """Where a guest that wants no cells has its memory: provider id to MiB.

    In the emptiest cell that has all of it, else in several, the emptiest first. What is in no cell's account may be anywhere.
    """
    rooms = sorted(tree.rooms, key=lambda room: -room.free.get(MEMORY, 0))
    found: dict[str, int] = {}
    for room in rooms:
        share = min(memory_mb - sum(found.values()), max(0, room.free.get(MEMORY, 0)))
        if share and room.provider_id is not None:
            found[room.provider_id] = share
    return found
