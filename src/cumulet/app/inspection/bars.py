"""What a bar of a host's memory consists of: pure, for the terminal and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from ...compute.operations.explain.hosts import HostExplained, Line


class Part(Struct, frozen=True):
    """A piece of a bar; `style` is one of STYLES."""

    label: str
    amount: int
    style: str


class Bar(Struct, frozen=True):
    """One bar: its pieces in order, and where a mark stands on it; amounts in `unit`."""

    title: str
    unit: str
    whole: int
    parts: list[Part]
    limit: int | None = None


STYLES = {
    "reserved": ("#8b8fa3", "bright_black"),
    "unmanaged": ("#c2410c", "dark_orange3"),
    "guest": ("#2563eb", "blue"),
    "guest2": ("#60a5fa", "bright_blue"),
    "overhead": ("#0d9488", "cyan"),
    "move": ("#9333ea", "magenta"),
    "unknown": ("#dc2626", "red"),
    "own": ("#475569", "grey50"),
    "free": ("#e5e7eb", "grey23"),
    "pools": ("#a16207", "yellow"),
    "cache": ("#a7f3d0", "green"),
}
"""Name to the page's colour and the terminal's."""

LEGEND = {"guest": "guests", "guest2": "guests", "overhead": "QEMU's overhead", "move": "moves", "unknown": "nobody's"}
"""What pieces of a style are called together."""

HISTORY = "Every change of a claim is known one by one since {}; claims that ended before are summed up."

UNITS = {"MEMORY_MB": "MiB", "DISK_GB": "GiB", "VCPU": "CPUs"}


def sold(explained: HostExplained, line: Line) -> Bar:
    """What of a resource class is reserved, taken and claimed, claim by claim; the limit is marked."""
    name, parts = line.resource_class, []
    for at, held in enumerate(explained.claims):
        amount = held.resources.get(name, 0)
        overhead = min(held.overhead_mb, amount) if name == "MEMORY_MB" and held.owner == "server" else 0
        style = ("guest", "guest2")[at % 2] if held.owner == "server" else held.owner
        parts.append(Part(held.name or held.consumer_id, amount - overhead, style))
        parts.append(Part(f"QEMU's overhead of {held.name}", overhead, "overhead"))
    parts.append(Part("unmanaged", line.unmanaged, "unmanaged"))
    parts.append(Part("free", max(line.free, 0), "free"))
    parts.append(Part("the host's use beyond its reserve", max(0, line.own_use - line.reserved), "own"))
    parts.append(Part("reserved", line.reserved, "reserved"))
    shown = [part for part in parts if part.amount > 0]
    whole = max(sum(part.amount for part in shown), line.total)
    return Bar(f"{name}: sold", UNITS.get(name, ""), whole, shown, line.limit + line.unmanaged)


def measured(explained: HostExplained) -> Bar | None:
    """What the host's memory is really used for, as its agent has just measured it."""
    physical = explained.physical
    if physical is None:
        return None
    cached = min(physical.cached_mb, physical.available_mb)
    parts = [
        Part("huge pages", physical.pools_mb, "pools"),
        Part("guests", physical.guests_mb, "guest"),
        Part("the host itself", physical.own_mb, "unmanaged"),
        Part("page cache", cached, "cache"),
        Part("unused", max(0, physical.available_mb - cached), "free"),
    ]
    return Bar("memory: measured", "MiB", physical.memory_mb, [part for part in parts if part.amount > 0])


def amount(number: int, unit: str) -> str:
    """In words: 12.0 GiB for 12288 MiB."""
    return f"{number / 1024:,.1f} GiB" if unit == "MiB" and abs(number) >= 10240 else f"{number:,} {unit}".strip()
