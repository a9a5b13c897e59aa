"""Signals between processes that share a PostgreSQL: LISTEN and NOTIFY on a connection of its own.

A notice only makes the others look sooner. So it is sent after the commit, not in it (PostgreSQL commits notifying transactions
one at a time), many at once, and one that is lost with its process or connection is made up for by everyone's timers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ..errors import Unavailable

CHANNEL = "cumulet"
NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
PAUSE = 1.0
"""Seconds between two tries to connect again."""

log = logging.getLogger("cumulet.db")


class Notices:
    """Sends this process's signals and calls `tell(topic, key)` for those of others.

    `missed()` is called when some may have been: after the connection was lost.
    """

    def __init__(self, dsn: str, tell: Callable[[str, str], None], missed: Callable[[], None]) -> None:
        self._dsn, self._tell, self._missed = dsn, tell, missed
        self._outbox: list[tuple[str, str]] = []
        self._something = asyncio.Event()
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises Unavailable."""
        await self._connect()
        self._task = asyncio.create_task(self._forever())

    def send(self, signals: Sequence[tuple[str, str]]) -> None:
        """Tell the other processes, soon."""
        self._outbox.extend(signals)
        self._something.set()

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            with contextlib.suppress(Unavailable):
                await self._send_all()
            await self._connection.close()

    async def _connect(self) -> None:
        import asyncpg

        from .postgres import translated

        with translated():
            self._connection = await asyncpg.connect(self._dsn, server_settings={"application_name": "cumulet notices"})
            await self._connection.add_listener(CHANNEL, self._hear)
        self._connection.add_termination_listener(lambda _: self._something.set())

    async def _forever(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                if self._connection.is_closed():
                    await self._connect()
                    self._missed()
                await self._send_all()
            except Unavailable as problem:
                log.warning("no notices to or from other processes: %s", problem.internal)
                await asyncio.sleep(PAUSE)
                self._something.set()

    async def _send_all(self) -> None:
        from .postgres import translated

        if not self._outbox:
            return
        signals, self._outbox = list(dict.fromkeys(self._outbox)), []
        with translated():
            await self._connection.execute(NOTIFY, CHANNEL, [msgspec.json.encode(signal).decode() for signal in signals])

    def _hear(self, connection: Any, pid: int, channel: str, payload: str) -> None:
        if pid == connection.get_server_pid():
            return
        try:
            topic, key = msgspec.json.decode(payload, type=tuple[str, str])
        except msgspec.MsgspecError:
            log.warning("a notice that is none of ours on channel %s", channel)
            return
        self._tell(topic, key)
