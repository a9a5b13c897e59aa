"""Hosts' names: ports are bound by host id, and administrators know hosts by name."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.clock import seconds, stamp
from ...kernel.db import Reader
from ...placement.operations import hosts as registry

LEASE = 30.0
"""Seconds for which a heartbeat is good: it was sent so long before the lease ends."""


class Agent(Struct, frozen=True):
    """A host as the network sees it. Instants are stamps."""

    id: str
    hostname: str
    zone: str
    alive: bool
    registered_at: str
    heartbeat_at: str


async def names(tx: Reader, host_ids: set[str]) -> dict[str, str]:
    """The names of those hosts that are registered, by id; no statement if nothing is bound."""
    if not host_ids - {""}:
        return {}
    return {host.id: host.hostname for host in await registry.list(tx) if host.id in host_ids}


async def id_of(tx: Reader, name: str) -> str:
    """The id of the host that is called so; a name that nobody has stands for itself."""
    found = await registry.find(tx, name)
    return found.id if found else name


async def agents(tx: Reader) -> list[Agent]:
    """Every registered host."""
    return [
        Agent(
            id=host.id,
            hostname=host.hostname,
            zone=host.zone,
            alive=host.alive(tx.now),
            registered_at=host.registered_at,
            heartbeat_at=stamp(seconds(host.lease_until) - LEASE),
        )
        for host in await registry.list(tx)
    ]
