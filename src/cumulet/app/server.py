"""The process that serves: uvicorn around one cloud."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable

import uvicorn
import uvloop

from ..kernel.errors import Unavailable
from .cloud import Cloud
from .config import Config


def serve(config: Config, on_step: Callable[[str], None]) -> None:
    """Run the cloud until SIGTERM or SIGINT. `on_step` hears each step of the start by name, and `ready` at its end."""
    uvloop.run(_serve(config, on_step))


def settle() -> None:
    """Once everything is made that lives as long as the process: look for garbage only among what comes later, and less often.

    A tenth of the CPU of a server's creation.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def _listen(config: Config) -> socket.socket:
    try:
        return socket.create_server((config.listen, config.port), backlog=2048)
    except OSError as problem:
        raise SystemExit(
            f"Cannot listen on {config.listen}:{config.port}: {problem.strerror}. Set another port with CUMULET_PORT."
        ) from None


async def _open(config: Config, on_step: Callable[[str], None]) -> Cloud:
    try:
        return await Cloud.open(config, on_step)
    except ValueError as problem:
        raise SystemExit(str(problem)) from None
    except Unavailable as problem:
        raise SystemExit(f"{problem.message} {problem.internal}") from None


async def _serve(config: Config, on_step: Callable[[str], None]) -> None:
    listening = _listen(config)
    cloud = await _open(config, on_step)
    try:
        settings = uvicorn.Config(
            cloud.application,
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=64 * 1024,
        )
        server = uvicorn.Server(settings)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        _stop_on_signals(server)
        while not server.started and not serving.done():  # noqa: ASYNC110 (uvicorn offers nothing to wait for)
            await asyncio.sleep(0.005)
        if server.started:
            await _start(cloud, on_step, serving)
        await serving
    finally:
        await cloud.close()


async def _start(cloud: Cloud, on_step: Callable[[str], None], serving: asyncio.Task[None]) -> None:
    """Start the cloud, unless we are told to stop meanwhile."""
    starting = asyncio.create_task(cloud.start(on_step))
    await asyncio.wait([starting, serving], return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        await starting
        on_step("ready")
    else:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)


def _stop_on_signals(server: uvicorn.Server) -> None:
    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
