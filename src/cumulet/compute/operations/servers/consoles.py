"""Asking a server's host about its guest. Agents are never asked inside a transaction."""

from __future__ import annotations

from msgspec import Struct

from ....contract.agents import AgentRefused, Agents, Unreachable
from ....contract.commands import Console, ReadConsole
from ....kernel.db import Reader
from ....kernel.errors import Conflict, NotFound, Unavailable
from ....kernel.policy import Actor
from .reading import get

SECONDS = 10.0
"""How long a host may take to answer."""


class Spot(Struct, frozen=True):
    """A server and where it is."""

    server_id: str
    host_id: str


async def spot(tx: Reader, actor: Actor, server_id: str) -> Spot:
    """Where a server is. Raises NotFound, Conflict if it is nowhere yet."""
    server = await get(tx, actor, server_id)
    if server.host_id is None:
        raise Conflict(f"Instance {server_id} is not ready: it is on no host.", code="state")
    return Spot(server_id, server.host_id)


async def read(agents: Agents, at: Spot, lines: int | None) -> str:
    """The last lines of the guest's serial console, all that are kept if `lines` is None. Raises NotFound, Unavailable."""
    try:
        found = await agents.send(at.host_id, ReadConsole(at.server_id, lines), timeout=SECONDS)
    except AgentRefused as refused:
        raise NotFound(f"The console of instance {at.server_id} is not available: {refused.message}") from None
    except Unreachable as problem:
        raise Unavailable(f"The host of instance {at.server_id} does not answer.", internal=str(problem)) from None
    assert isinstance(found, Console)
    return found.text
