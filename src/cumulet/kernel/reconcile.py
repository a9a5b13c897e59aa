"""Reconcilers: what nobody asked for but must be so (host liveness, network sync, orphans, purging).

A reconciler is an idempotent function without arguments that looks at the world and brings it nearer to what the database says. It
runs by a timer, and at once when its topic is signalled; never twice at a time; and without retries inside, for it runs again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from .clock import Clock
from .db import Database

log = logging.getLogger("cumulet.reconcile")


class Reconciler(Struct, frozen=True):
    """`run` every `every` seconds, and soon after a signal of `topic` if there is one."""

    name: str
    every: float
    run: Callable[[], Awaitable[None]]
    topic: str | None = None


class Status(Struct):
    """How a reconciler fares. Times are seconds since the epoch; `error` is that of the last run, None if it went well."""

    name: str
    runs: int = 0
    failures: int = 0
    running: bool = False
    last_start: float | None = None
    last_end: float | None = None
    error: str | None = None


class Reconciling:
    """Runs reconcilers until `stop`. The first run of each is at the start."""

    def __init__(self, reconcilers: Sequence[Reconciler], db: Database, clock: Clock) -> None:
        names = [reconciler.name for reconciler in reconcilers]
        if len(set(names)) != len(names):
            raise ValueError(f"two reconcilers have one name: {sorted(names)}")
        self._clock = clock
        self._loops = {reconciler.name: _Loop(reconciler, clock) for reconciler in reconcilers}
        self._tasks: list[asyncio.Task[None]] = []
        for loop in self._loops.values():
            if loop.reconciler.topic is not None:
                db.subscribe(loop.reconciler.topic, loop.hear)

    @property
    def status(self) -> list[Status]:
        """Every reconciler's status, in the order in which they were given."""
        return [loop.status for loop in self._loops.values()]

    async def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(loop.forever(), name=f"reconciler {name}") for name, loop in self._loops.items()]

    async def stop(self) -> None:
        """End every reconciler, in the middle of a run if one is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def run_now(self, name: str) -> Status:
        """Run one at once, after the run under way if there is one, and return how it went. Raises KeyError for an unknown name."""
        loop = self._loops[name]
        await loop.once()
        return loop.status


class _Loop:
    """One reconciler's timer, signal and lock."""

    def __init__(self, reconciler: Reconciler, clock: Clock) -> None:
        self.reconciler, self.status = reconciler, Status(reconciler.name)
        self._clock = clock
        self._called = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def hear(self, key: str) -> None:
        """The topic was signalled; any number of signals before the next run cause one run."""
        self._called.set()

    async def forever(self) -> None:
        while True:
            self._called.clear()
            await self.once()
            alarm = asyncio.create_task(self._ring())
            try:
                await self._called.wait()
            finally:
                alarm.cancel()

    async def _ring(self) -> None:
        await self._clock.sleep(self.reconciler.every)
        self._called.set()

    async def once(self) -> None:
        async with self._one_at_a_time:
            status = self.status
            status.running, status.last_start = True, self._clock.now()
            try:
                await self.reconciler.run()
                status.error = None
            except Exception as error:
                status.failures += 1
                status.error = f"{type(error).__name__}: {error}"
                log.exception("reconciler %s failed", status.name)
            finally:
                status.running, status.last_end = False, self._clock.now()
                status.runs += 1
