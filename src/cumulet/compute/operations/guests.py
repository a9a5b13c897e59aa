"""What hosts see: power states of servers, and guests that are none of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...contract.commands import Guest
from ...contract.reports import Register
from ...kernel.clock import seconds
from ...kernel.db import Reader, Tx
from ...placement.operations import claims
from ...placement.operations import hosts as registry
from ..model import ACTIVE
from ..rules import states
from ..store import guests, servers
from ..store.servers import Seen
from . import hosts
from .servers import power

GRACE_SECONDS = 8.0
"""A report may have been made before what happened to the server last; the next one, five seconds later, was not."""

_AWAKE = ("running", "paused", "suspended")
"""Guests in these states have memory."""


async def host_registered(tx: Tx, register: Register) -> None:
    """A host has come, or come back, perhaps under another name: its servers show the name it has now."""
    await hosts.number(tx, register.facts.host_id)
    await servers.rename_host(tx, register.facts.host_id, register.facts.hostname)


async def host_booted(tx: Tx, host_id: str, boot: str) -> None:
    """A host tells which start it is in. In a new one every guest has ended, so those that should run are started again."""
    before = await guests.boot(tx, host_id)
    if before == boot:
        return
    await guests.set_boot(tx, host_id, boot)
    if before is None:
        return
    for seen in await servers.on_host(tx, host_id):
        if seen.state == ACTIVE and seen.task is None:
            await power.resume(tx, seen.id)


async def observe(tx: Tx, host_id: str, seen: Sequence[Guest]) -> None:
    """A host tells which guests it has.

    Servers to which nothing is being done follow; unknown guests are counted, and taken off what the host
    sells (C9), never touched.
    """
    known = await servers.on_host(tx, host_id)
    by_server = {guest.server_id: guest for guest in seen if guest.server_id}
    for server in known:
        guest = by_server.get(server.id)
        await _follow(tx, server, states.power_of(guest.state if guest else None))
    ours = {server.id for server in known}
    others = [guest for guest in seen if guest.server_id not in ours]
    strangers = [guest for guest in others if not await _is_counted(tx, host_id, guest.server_id)]
    described = [_described(guest) for guest in strangers]
    if described != await guests.unmanaged(tx, host_id):
        await guests.set_unmanaged(tx, host_id, described)
        await _charge(tx, host_id, strangers)


async def _charge(tx: Tx, host_id: str, strangers: Sequence[Guest]) -> None:
    """Take off what strangers have that are awake."""
    taking = [guest for guest in strangers if guest.state in _AWAKE]
    taken = {
        "MEMORY_MB": sum(max(guest.memory_mb, guest.rss_mb) for guest in taking),
        "VCPU": sum(guest.vcpus for guest in taking),
    }
    names = ", ".join(sorted(guest.name for guest in taking)) or "none"
    await registry.set_unmanaged(tx, host_id, taken, f"Guests that no server is known for run there: {names}.")


async def _is_counted(tx: Tx, host_id: str, server_id: str | None) -> bool:
    """Whether the ledger knows of a guest whose server is not here: a move's target; or its server was deleted just now."""
    if server_id is None:
        return False
    if host_id in await claims.claims_of(tx, server_id):
        return True
    server = await servers.find_even_deleted(tx, server_id, None)
    return server is not None and server.deleted_at is not None and tx.now - seconds(server.deleted_at) < GRACE_SECONDS


async def _follow(tx: Tx, server: Seen, power: int) -> None:
    state = states.settled(server.state, power)
    if server.task is not None or server.state not in states.OBSERVED or (state, power) == (server.state, server.power):
        return
    if tx.now - seconds(server.power_at) >= GRACE_SECONDS:
        await servers.observe(tx, server, state, power)


def _described(guest: Guest) -> dict[str, Any]:
    """What is kept of an unknown guest; what it really uses changes all the time and is not."""
    found: dict[str, Any] = msgspec.to_builtins(guest)
    found.pop("rss_mb")
    return found


async def unmanaged(tx: Reader, host_id: str) -> list[dict[str, Any]]:
    """The unknown guests of a host: name, state, vcpus, memory_mb, server_id."""
    return await guests.unmanaged(tx, host_id)
