"""Make the cloud's port reachable inside a network namespace, where tempest can reach floating IPs too."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000


def _listener(namespace: str, port: int) -> socket.socket:
    """A listening socket on 127.0.0.1 inside the namespace; made in this thread, which then belongs to it."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(Path("/run/netns") / namespace, os.O_RDONLY)
    try:
        if libc.setns(descriptor, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
    finally:
        os.close(descriptor)
    return socket.create_server(("127.0.0.1", port))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def _serve(listening: socket.socket, port: int, stop: asyncio.Event) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))

    server = await asyncio.start_server(connect, sock=listening)
    async with server:
        await stop.wait()


@contextmanager
def into(namespace: str | None, port: int) -> Iterator[None]:
    """Within the block, 127.0.0.1:port of the namespace leads to 127.0.0.1:port here. None: nothing to do."""
    if namespace is None:
        yield
        return
    made: list[socket.socket] = []
    maker = threading.Thread(target=lambda: made.append(_listener(namespace, port)))
    maker.start()
    maker.join()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(made[0], port, stop)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
