"""The bus over a unix socket, for agents that are processes of their own on the control plane's machine.

The control plane is the hub: it listens, serves subjects itself and passes requests on to whoever serves them. An agent process
connects, serves its subjects, and comes back by itself whenever the hub has been away. Who may connect is decided by the mode of
the socket. When two connections serve one subject the newer has it: the older is a process that was just restarted.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
from pathlib import Path

from ..clock import Clock, SystemClock
from . import Handler, Unreachable
from .link import Link, Serving

log = logging.getLogger("cumulet.bus")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two tries to reach the hub."""


class UnixHub:
    """The end that listens.

    For `patience` seconds it waits for an agent that is away: after a restart of either they meet again.
    """

    def __init__(self, path: Path, mode: int = 0o600, patience: float = 0.0) -> None:
        self._path, self._mode, self._patience = path, mode, patience
        self._arrived = asyncio.Event()
        self._handlers: dict[str, Handler] = {}
        self._served: dict[str, Link] = {}
        self._links: dict[Link, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Accept agents. Raises OSError (EADDRINUSE) if another process listens on the socket."""
        listener = _bind(self._path, self._mode)
        self._server = await asyncio.start_unix_server(self._welcome, sock=listener)

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """Send `payload` and return the answer. Raises Unreachable."""
        handler = self._handlers.get(subject)
        if handler is not None:
            return await _answer(handler, subject, payload, timeout)
        began = asyncio.get_running_loop().time()
        link = self._served.get(subject) or await self._arrival(subject, min(timeout, self._patience))
        return await link.request(subject, payload, timeout - (asyncio.get_running_loop().time() - began))

    async def _arrival(self, subject: str, patience: float) -> Link:
        try:
            async with asyncio.timeout(patience):
                while (link := self._served.get(subject)) is None:
                    await self._arrived.wait()
        except TimeoutError:
            raise Unreachable(f"nobody serves {subject}") from None
        return link

    async def serve(self, subject: str, handler: Handler) -> None:
        """Answer requests on `subject`, from this process and from agents."""
        self._handlers[subject] = handler

    async def close(self) -> None:
        """Disconnect everyone and stop listening."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for link in self._links:
            link.close()
        await asyncio.gather(*self._links.values(), return_exceptions=True)
        self._handlers.clear()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[str] = []

        def serving(subjects: list[str]) -> None:
            mine.extend(subjects)
            self._served.update(dict.fromkeys(subjects, link))
            self._arrived.set()
            self._arrived = asyncio.Event()

        link = Link((reader, writer), self.request, serving)
        self._links[link] = task = asyncio.ensure_future(link.run())
        try:
            await asyncio.shield(task)
        finally:
            link.close()
            self._links.pop(link, None)
            for subject in mine:
                if self._served.get(subject) is link:
                    del self._served[subject]


class UnixBus:
    """The end that connects."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._path, self._clock = path, clock or SystemClock()
        self._handlers: dict[str, Handler] = {}
        self._link: Link | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Begin to connect, and reconnect whenever the connection is lost, until `close`. Does not wait for the hub."""
        self._task = asyncio.create_task(self._stay_connected())

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """Send `payload` through the hub and return the answer; waits for the hub if it is away. Raises Unreachable."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        try:
            async with asyncio.timeout_at(end):
                await self._connected.wait()
        except TimeoutError:
            raise Unreachable(f"not connected within {timeout:g} s") from None
        if self._link is None:
            raise Unreachable("not connected")
        return await self._link.request(subject, payload, end - loop.time())

    async def serve(self, subject: str, handler: Handler) -> None:
        """Answer requests on `subject` that come through the hub."""
        self._handlers[subject] = handler
        if self._link is not None:
            with contextlib.suppress(Unreachable):  # the next connection begins with every subject
                await self._link.send(Serving([subject]))

    async def close(self) -> None:
        """Disconnect for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._handlers.clear()

    async def _stay_connected(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                streams = await asyncio.open_unix_connection(self._path)
            except OSError as problem:
                log.debug("cannot reach %s: %s", self._path, problem)
                await self._clock.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            await self._converse(Link(streams, self._dispatch, lambda subjects: None))

    async def _converse(self, link: Link) -> None:
        """Use the link until it ends."""
        self._link = link
        try:
            await link.send(Serving(list(self._handlers)))
            self._connected.set()
            await link.run()
        except Unreachable:
            log.debug("the hub left at once")
        finally:
            self._link = None
            self._connected.clear()
            link.close()

    async def _dispatch(self, subject: str, payload: bytes, timeout: float) -> bytes:
        handler = self._handlers.get(subject)
        if handler is None:
            raise Unreachable(f"nobody serves {subject}")
        return await _answer(handler, subject, payload, timeout)


async def _answer(handler: Handler, subject: str, payload: bytes, timeout: float) -> bytes:
    try:
        async with asyncio.timeout(timeout):
            return await handler(payload)
    except TimeoutError:
        raise Unreachable(f"no answer on {subject} within {timeout:g} s") from None


def _bind(path: Path, mode: int) -> socket.socket:
    """A bound socket that nobody could connect to before it had its mode; a dead process's socket is replaced."""
    if path.is_socket():
        if _listens(path):
            raise OSError(errno.EADDRINUSE, f"another process listens on {path}")
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~mode)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
