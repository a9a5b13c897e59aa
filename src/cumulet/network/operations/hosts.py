"""Hosts' names: ports are bound by host id, and administrators know hosts by name."""

from __future__ import annotations

from ...kernel.db import Reader
from ...placement.operations import hosts as registry


async def names(tx: Reader, host_ids: set[str]) -> dict[str, str]:
    """The names of those hosts that are registered, by id; no statement if nothing is bound."""
    if not host_ids - {""}:
        return {}
    return {host.id: host.hostname for host in await registry.list(tx) if host.id in host_ids}


async def id_of(tx: Reader, name: str) -> str:
    """The id of the host that is called so; a name that nobody has stands for itself."""
    found = await registry.find(tx, name)
    return found.id if found else name
