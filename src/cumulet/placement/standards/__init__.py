"""The names that every placement service knows. https://docs.openstack.org/os-traits/latest/reference/traits.html"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@cache
def traits() -> frozenset[str]:
    """The standard traits."""
    lines = [line.split(": ") for line in _lines("traits.txt")]
    return frozenset(f"{prefix}_{name}" for prefix, names in lines for name in names.split())


@cache
def classes() -> tuple[str, ...]:
    """The standard resource classes, in upstream's order."""
    return tuple(_lines("classes.txt"))


def _lines(name: str) -> list[str]:
    return [line for line in (_HERE / name).read_text().splitlines() if line and not line.startswith("#")]
