"""Weighers: of several hosts that can hold a server, which one had better.

Each gives every host a number; the numbers of one weigher are stretched to 0…1 and multiplied, and the host with the highest sum is
chosen. The multipliers are upstream's defaults: https://docs.openstack.org/nova/latest/admin/scheduling.html#weights
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct


class Option(Struct, frozen=True):
    """A host that can hold the server: what is free, how many servers something is being done to, how often builds failed there in
    a row, and how welcome it is to the server's group."""

    host_id: str
    free: dict[str, int]
    busy: int = 0
    failed: int = 0
    welcome: int = 0


Weigher = Callable[[Option], float]


def memory(option: Option) -> float:
    """Free memory."""
    return option.free.get("MEMORY_MB", 0)


def processors(option: Option) -> float:
    """Free processors."""
    return option.free.get("VCPU", 0)


def disk(option: Option) -> float:
    """Free disk."""
    return option.free.get("DISK_GB", 0)


def work(option: Option) -> float:
    """Servers that are being built, deleted, moved there."""
    return option.busy


def failures(option: Option) -> float:
    """Builds that failed there since the last one that did not."""
    return option.failed


def company(option: Option) -> float:
    """What a soft server group thinks of the host."""
    return option.welcome


WEIGHERS: dict[str, tuple[Weigher, float]] = {
    "group": (company, 1_000.0),
    "failures": (failures, -1_000_000.0),
    "memory": (memory, 1.0),
    "processors": (processors, 1.0),
    "disk": (disk, 1.0),
    "work": (work, -1.0),
}
"""Name to weigher and multiplier. A failing host comes last, whatever else; then the group's wish counts."""


class Weighed(Struct, frozen=True):
    """A host and what each weigher that saw a difference added to its score."""

    host_id: str
    score: float
    parts: dict[str, float]


def weigh(options: Sequence[Option]) -> list[Weighed]:
    """The best first; of equals the one with the smaller id."""
    parts: list[dict[str, float]] = [{} for _ in options]
    for name, (weigher, multiplier) in WEIGHERS.items():
        numbers = [weigher(option) for option in options]
        least, most = min(numbers), max(numbers)
        if least == most:
            continue
        for part, number in zip(parts, numbers, strict=True):
            part[name] = round((number - least) / (most - least) * multiplier, 4)
    found = [Weighed(o.host_id, sum(p.values()), p) for o, p in zip(options, parts, strict=True)]
    return sorted(found, key=lambda weighed: (-weighed.score, weighed.host_id))
