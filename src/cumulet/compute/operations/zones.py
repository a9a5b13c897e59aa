"""Availability zones. A zone is there as long as a host is in it."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.db import Reader
from . import hosts
from .hosts import Known


class Zone(Struct, frozen=True):
    """A zone; `hosts` are those in it that may get new servers. Without any the zone is not available."""

    name: str
    hosts: list[Known]


async def index(tx: Reader) -> list[Zone]:
    """Every zone: first those that are available, each by name."""
    found: dict[str, Zone] = {}
    for known in await hosts.index(tx):
        zone = found.setdefault(known.host.zone, Zone(known.host.zone, []))
        if known.host.enabled:
            zone.hosts.append(known)
    return sorted(found.values(), key=lambda zone: (not zone.hosts, zone.name))
