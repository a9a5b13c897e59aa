"""One command to one agent, and what its refusal means."""

from __future__ import annotations

from ....contract.agents import AgentRefused, Unreachable
from ....contract.commands import Command, Reply
from ....kernel.errors import Problem
from ....kernel.workflow import Call
from .home import Home


class HostRefused(Problem):
    """This host did not do it; another one may."""


class GuestRefused(Problem):
    """No host would do it: what is asked for cannot be."""


_FINAL = frozenset({"image_corrupt", "too_small", "no_claim", "disk_missing", "detach_refused"})


async def send(call: Call, home: Home, command: Command, timeout: float = 60.0) -> Reply:
    """Send to the server's host and return the answer; `timeout` in seconds. Raises HostRefused, GuestRefused."""
    assert home.host_id is not None
    try:
        reply: Reply = await call.services.agents.send(home.host_id, command, key=call.key, epoch=home.epoch, timeout=timeout)
    except AgentRefused as refused:
        kind = GuestRefused if refused.code in _FINAL else HostRefused
        raise kind(refused.message, refused.code, f"host {home.host_id}") from None
    except Unreachable as problem:
        raise HostRefused("The host does not answer.", "unreachable", f"host {home.host_id}: {problem}") from None
    return reply
