"""Speaking to agents, from the control plane."""

from __future__ import annotations

from ..kernel.bus import Bus, Unreachable
from ..kernel.clock import Clock
from ..kernel.log import current_request_id
from .commands import Command, Envelope, Refused, Reply, decode_reply, encode


class AgentRefused(Exception):
    """The agent did nothing, and says why: `code` for programs, the message for people (`commands.Refused`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Agents:
    """The agents of all hosts. With a clock, a message that arrives after its sender's patience has ended does nothing."""

    def __init__(self, bus: Bus, clock: Clock | None = None) -> None:
        self._bus = bus
        self._clock = clock

    async def send(self, host_id: str, command: Command, *, key: str = "", epoch: int = 0, timeout: float = 60.0) -> Reply:
        """Carry out `command` on a host and return its result.

        `key` and `epoch` are the guards of `contract`: a command sent again with the same key happens once. `timeout` is in
        seconds. Raises AgentRefused, and `kernel.bus.Unreachable` if there was no answer: then the command may or may not have
        happened.
        """
        expires = self._clock.now() + timeout if self._clock is not None else 0.0
        envelope = Envelope(command, key, epoch, current_request_id(), expires=expires)
        reply: Reply = decode_reply(await self._bus.request(f"host.{host_id}", encode(envelope), timeout))
        if isinstance(reply, Refused):
            raise AgentRefused(reply.code, reply.message)
        return reply


__all__ = ["AgentRefused", "Agents", "Unreachable"]
