"""One command to one agent, and what its refusal means to a volume."""

from __future__ import annotations

from ...contract.agents import AgentRefused, Unreachable
from ...contract.commands import Command, Disk, Reply
from ...kernel.errors import Unavailable
from ...kernel.workflow import Call

COPY_SECONDS = 1800.0
"""How long an agent may take to write a whole volume."""

_EPOCH = 1  # a volume never moves: its host's first agent and its last have the same right to it


async def send(call: Call, host_id: str, command: Command, timeout: float = 60.0) -> Reply:
    """Send to a host and return the answer; `timeout` in seconds. Raises Unavailable."""
    try:
        reply: Reply = await call.services.agents.send(host_id, command, key=call.key, epoch=_EPOCH, timeout=timeout)
    except AgentRefused as refused:
        raise Unavailable(f"The host refused: {refused.message}", refused.code, f"host {host_id}") from None
    except Unreachable as problem:
        raise Unavailable("The host does not answer.", "unreachable", f"host {host_id}: {problem}") from None
    return reply


async def make(call: Call, host_id: str, command: Command) -> Disk:
    """Send what makes a file. Raises Unavailable."""
    reply = await send(call, host_id, command, COPY_SECONDS)
    assert isinstance(reply, Disk)
    return reply
