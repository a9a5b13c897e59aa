"""How much a project may have, unless it was told otherwise. The figures are upstream's defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...kernel.errors import Invalid, OverQuota
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
    "fixed_ips": -1,
    "floating_ips": -1,
    "security_groups": -1,
    "security_group_rules": -1,
}
"""`ram` is in MiB; -1 is no limit. The last four are network's now; old versions of the API still show them."""
SERVERS = ("instances", "cores", "ram")
"""What servers use."""


Row = tuple[str, str, str, int]
"""Project ("" is all), user ("" is all), resource, value."""

UNIFIED = {
    "servers": "instances",
    "class:VCPU": "cores",
    "class:MEMORY_MB": "ram",
    "server_metadata_items": "metadata_items",
    "server_key_pairs": "key_pairs",
    "server_groups": "server_groups",
    "server_group_members": "server_group_members",
}
"""What unified limits are called, by upstream's names, and what they limit here."""


def with_unified(rows: Iterable[Row], unified: Mapping[str, int], project_id: str) -> list[Row]:
    """Unified limits take the place of defaults. A quota that was set for the project itself counts beside them.

    The stricter of both is kept to: neither API can give more than the other one allows.
    """
    registered = {UNIFIED[name]: value for name, value in unified.items() if name in UNIFIED}
    found = [row for row in rows if row[0] or row[2] not in registered]
    found += [("", "", resource, value) for resource, value in registered.items()]
    return [
        (project, user, resource, _stricter(value, registered[resource]))
        if project == project_id and not user and resource in registered
        else (project, user, resource, value)
        for project, user, resource, value in found
    ]


def _stricter(one: int, other: int) -> int:
    """The smaller of two limits; below 0 is none."""
    return min((limit for limit in (one, other) if limit >= 0), default=-1)


def in_force(overrides: Iterable[Row], user_id: str = "") -> dict[str, int]:
    """The limits of a project, or of a user in it, from (project, user, resource, value) rows."""
    found = dict(DEFAULTS)
    rows = sorted(overrides, key=lambda row: (row[0] != "", row[1] != ""))
    found.update({resource: value for _, user, resource, value in rows if user in ("", user_id)})
    return found


def personal(overrides: Iterable[tuple[str, str, str, int]], user_id: str) -> dict[str, int]:
    """A user's own limits of what servers use, apart from the project's; empty if there are none."""
    own = {resource: value for _, user, resource, value in overrides if user == user_id and user and resource in SERVERS}
    return {**dict.fromkeys(SERVERS, -1), **own} if own else {}


def check_change(resource: str, value: int, least: int, most: int) -> None:
    """Raise Invalid for a new limit below what is used or promised already, or above what the project has; -1 is no limit."""
    if value != -1 and (least == -1 or value < least):
        raise Invalid(f"Quota limit {value} for {resource} must be greater than or equal to already used and reserved {least}.")
    if most != -1 and (value == -1 or value > most):
        raise Invalid(f"Quota limit {value} for {resource} must be less than or equal to {most}.")


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
