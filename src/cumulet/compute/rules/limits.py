"""How much a project may have, unless it was told otherwise. The figures are upstream's defaults."""

from __future__ import annotations

from collections.abc import Iterable

from ...kernel.errors import OverQuota
from ..model import Usage

DEFAULTS: dict[str, int] = {
    "instances": 10,
    "cores": 20,
    "ram": 51200,
    "metadata_items": 128,
    "key_pairs": 100,
    "server_groups": 10,
    "server_group_members": 10,
    "injected_files": 5,
    "injected_file_content_bytes": 10240,
    "injected_file_path_bytes": 255,
}
"""`ram` is in MiB; -1 is no limit."""


def in_force(overrides: Iterable[tuple[str, str, str, int]], user_id: str = "") -> dict[str, int]:
    """The limits of a project, or of a user in it, from (project, user, resource, value) rows."""
    found = dict(DEFAULTS)
    rows = sorted(overrides, key=lambda row: (row[0] != "", row[1] != ""))
    found.update({resource: value for _, user, resource, value in rows if user in ("", user_id)})
    return found


def affordable(limits: dict[str, int], used: Usage, each: Usage, most: int) -> int:
    """How many servers of this size, at most `most`, still fit into the limits."""
    pairs = (
        (limits["instances"], used.servers, each.servers),
        (limits["cores"], used.cores, each.cores),
        (limits["ram"], used.ram, each.ram),
    )
    return min([most, *((limit - now) // size for limit, now, size in pairs if limit >= 0 and size)])


def refusal(limits: dict[str, int], used: Usage, wanted: Usage) -> OverQuota:
    """Names each limit that `wanted` would pass."""
    rows = (
        ("instances", used.servers, wanted.servers),
        ("cores", used.cores, wanted.cores),
        ("ram", used.ram, wanted.ram),
    )
    over = [(name, now, size, limits[name]) for name, now, size in rows if 0 <= limits[name] < now + size]
    names = ", ".join(name for name, *_ in over)
    figures = "; ".join(f"{name}: {size} wanted, {now} of {limit} used" for name, now, size, limit in over)
    return OverQuota(f"Quota exceeded for {names} ({figures}).", code="quota")
