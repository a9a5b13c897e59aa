"""This machine's agent in a process of its own, connected to the cloud by its Unix socket."""

from __future__ import annotations

import asyncio
import signal

import uvloop

from ..agent.refusals import Refusal
from ..kernel.bus.unix import UnixBus
from ..kernel.clock import SystemClock
from . import hosts
from .config import Config


def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT."""
    uvloop.run(_serve(config))


async def _serve(config: Config) -> None:
    clock = SystemClock()
    bus = UnixBus(config.bus_socket, clock)
    await bus.connect()
    try:
        agent = hosts.agent(config, bus, clock)
        await agent.start()
    except Refusal as problem:
        raise SystemExit(f"{problem.message} {problem.internal}".strip()) from None
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await agent.stop()
    await bus.close()
