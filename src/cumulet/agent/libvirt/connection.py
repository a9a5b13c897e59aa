"""Calls to libvirtd in threads of their own, and its events on the event loop.

libvirt-python blocks: a libvirtd that hangs would hang the agent. The keepalive breaks such a connection, the call then fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import libvirt

from ..refusals import Refusal

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_KEEPALIVE = (5, 3)  # seconds between probes, probes without an answer
_THREADS = 8
_PATHS = re.compile(r"/[\w.+-]+(/[\w.+-]*)+")
_pump: threading.Thread | None = None


def _start_pump() -> None:
    """libvirt's own event loop runs in one daemon thread per process; it must exist before the first connection."""
    global _pump
    if _pump is not None:
        return
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    libvirt.virEventRegisterDefaultImpl()

    def run() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    _pump = threading.Thread(target=run, name="libvirt events", daemon=True)
    _pump.start()


class Connection:
    """One libvirtd. `changed` is called on the event loop when a guest changes state, or the connection is lost."""

    def __init__(self, socket: Path, changed: Callable[[], None]) -> None:
        self._uri = f"qemu+unix:///system?socket={socket}"
        self._changed = changed
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="libvirt")
        self._connection: Any = None
        self._opening = asyncio.Lock()
        self._moved = asyncio.Event()

    async def open(self) -> bool:
        """Connect unless connected; whether that was needed. Raises Refusal."""
        async with self._opening:
            if self._connection is not None and self._is_alive():
                return False
            self._connection = await self._call(self._connect, asyncio.get_running_loop())
            return True

    async def run(self, function: Callable[[Any], _T]) -> _T:
        """The result of `function(virConnect)`, called in a thread. Raises Refusal if libvirt does."""
        await self.open()
        return await self._call(function, self._connection)

    async def until(self, check: Callable[[], Awaitable[bool]], patience: float) -> bool:
        """Whether `check` comes true within `patience` seconds; looked at after each event, and twice a second."""
        try:
            async with asyncio.timeout(patience):
                while not await check():
                    await self._next_event(0.5)
        except TimeoutError:
            return await check()
        return True

    async def close(self) -> None:
        """Let go of libvirtd."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Refusal):  # of a libvirtd that has died
                await self._call(connection.close)
        self._threads.shutdown(wait=False)

    async def _call(self, function: Callable[..., _T], *arguments: Any) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        except libvirt.libvirtError as problem:
            raise refusal_of(problem) from None

    def _is_alive(self) -> bool:
        try:
            return bool(self._connection.isAlive())
        except libvirt.libvirtError:
            return False

    def _connect(self, loop: asyncio.AbstractEventLoop) -> Any:
        _start_pump()
        connection = libvirt.open(self._uri)
        connection.setKeepAlive(*_KEEPALIVE)

        def tell(*_: Any) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._event)

        for event in (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED):
            connection.domainEventRegisterAny(None, event, tell, None)
        connection.registerCloseCallback(tell, None)
        return connection

    def _event(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        self._changed()

    async def _next_event(self, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await self._moved.wait()
        except TimeoutError:
            return


def refusal_of(problem: libvirt.libvirtError) -> Refusal:
    """libvirt's error as ours, without the host's paths."""
    said = str(problem)
    if 'Failed to get "write" lock' in said or 'Failed to get shared "write" lock' in said:
        return Refusal("Another process on the host uses one of the disks.", code="in_use", internal=said)
    return Refusal(f"The hypervisor refused: {_PATHS.sub('(a path)', said)}.", internal=said)


def find(connection: Any, server_id: str) -> Any:
    """The domain of a server, or None."""
    try:
        return connection.lookupByUUIDString(server_id)
    except libvirt.libvirtError as problem:
        if problem.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def is_active(connection: Any, server_id: str) -> bool:
    """Whether the server's guest has memory now."""
    domain = find(connection, server_id)
    return domain is not None and bool(domain.isActive())
