"""The engine: takes due workflows, runs them, keeps their leases."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any

from ..clock import Clock
from ..db import Database, Duplicate
from . import table
from .journal import Fault, Journal, Site
from .problems import Late, Lost
from .requests import TOPIC
from .worker import work

log = logging.getLogger("cumulet.workflow")

RETRY = 1.0
"""Seconds before another try when another engine was quicker."""

IDLE = 5.0
"""Seconds between two looks at the table when nothing is expected: other processes' signals may have been lost."""


class Engine:
    """Runs workflows of one database; any number of engines, in any number of processes, share the work.

    `owner` names this process's lifetime: it must differ after a restart. `services` is given to commands as `call.services`.
    At most `limit` workflows run at once. `counts` counts done, failed, lost, late and retried ones.
    """

    def __init__(self, db: Database, services: Any, owner: str, clock: Clock, limit: int = 256) -> None:
        self.limit = limit
        self._site = Site(db, services, owner, clock)
        self._workers: dict[asyncio.Task[None], Journal] = {}
        self._due = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = 0.0
        self._reported_late: set[str] = set()
        self._crash: BaseException | None = None
        db.subscribe(TOPIC, self._hear)

    @property
    def counts(self) -> Counter[str]:
        """How many workflows ended how, since the start of this engine."""
        return self._site.counts

    @property
    def running(self) -> int:
        """How many workflows this engine works on at this moment."""
        return len(self._workers)

    @property
    def lease(self) -> float:
        """For how many seconds a workflow is ours without a sign of life."""
        return self._site.lease

    @lease.setter
    def lease(self, seconds: float) -> None:
        self._site.lease = seconds

    @property
    def fault(self) -> Fault:
        """A test's hook, called as (before|during|after, workflow, step); what it raises happens there."""
        return self._site.fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._site.fault = fault

    async def start(self, alone: bool = False) -> None:
        """Begin to take workflows as they fall due, those of dead processes when their leases end.

        `alone`: no other process works on this database, so every lease is a dead one's and ends now.
        """
        if alone:
            async with self._site.db.tx() as tx:
                await tx.do(table.FREE_ALL, now=tx.now)
        self._site.stopping = False
        self._loops = [asyncio.create_task(self._take_forever()), asyncio.create_task(self._tend_forever())]

    async def stop(self, grace: float = 5.0) -> None:
        """Stop. Workflows are given back after their present step, or after `grace` seconds in the middle of it."""
        self._site.stopping = True
        for loop in [*self._loops, *([self._alarm] if self._alarm else [])]:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops, self._alarm = [], None
        if self._workers:
            await asyncio.wait(list(self._workers), timeout=grace)
        left = dict(self._workers)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for journal in left.values():
            await journal.release()

    async def run_pending(self) -> None:
        """Run everything that is due now, and what that makes due, to its end or suspension. Raises Crash if a fault does."""
        while await self._take() or self._workers:
            await asyncio.wait(list(self._workers))
            await asyncio.sleep(0)
            if self._crash is not None:
                crash, self._crash = self._crash, None
                raise crash

    async def next_due(self) -> float | None:
        """When the next workflow falls due, in seconds since the epoch; in the past if one is due."""
        async with self._site.db.read() as tx:
            found = await tx.one(table.NEXT_DUE, now=self._site.clock.now())
        return found[0] if found else None

    def _hear(self, key: str) -> None:
        self._due.set()

    async def _take_forever(self) -> None:
        while True:
            self._due.clear()
            next_look = self._site.clock.now() + IDLE
            try:
                next_look = min(next_look, await self._take_due())
            except Exception:
                log.exception("cannot take workflows")
            self._set_alarm(next_look)
            await self._due.wait()

    async def _take_due(self) -> float:
        """Take what is due, as far as there is room; when to look again."""
        while True:
            next_due = await self.next_due()
            if next_due is None:
                return self._site.clock.now() + IDLE
            if next_due > self._site.clock.now():
                return next_due
            if not await self._take():
                return self._site.clock.now() + (IDLE if self._full else RETRY)

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_at <= at:
                return
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = asyncio.create_task(self._ring(at))

    async def _ring(self, at: float) -> None:
        await self._site.clock.sleep(max(0.0, at - self._site.clock.now()))
        self._due.set()

    async def _take(self) -> int:
        """Lease what is due and start a worker for each; how many."""
        site, room = self._site, self.limit - len(self._workers)
        if room <= 0 or site.stopping:
            return 0
        try:
            async with site.db.tx() as tx:
                lease = tx.now + site.lease
                taken = await tx.all(table.TAKE, owner=site.owner, lease=lease, now=tx.now, limit=room)
        except Duplicate:
            return 0  # another engine gave that turn away at the same moment
        for row in taken:
            self._work(row, lease)
        return len(taken)

    @property
    def _full(self) -> bool:
        return len(self._workers) >= self.limit

    def _work(self, row: table.Taken, lease: float) -> None:
        try:
            journal = Journal(self._site, row, lease)
        except Exception:
            log.exception("workflow %s (%s) has unreadable records", row.id, row.name)
            return
        if journal.now() >= journal.row.deadline:
            self._report_late(journal)
        task = asyncio.create_task(work(journal), name=f"workflow {journal.row.name} {journal.row.id}")
        self._workers[task] = journal
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        full, journal = self._full, self._workers.pop(task)
        if full:
            self._due.set()
        elif journal.due is not None and self._loops:
            self._set_alarm(journal.due)
        if task.cancelled() or task.exception() is None:
            return
        self._crash = task.exception()
        for other in self._workers:
            other.cancel()

    def _report_late(self, journal: Journal) -> None:
        if journal.row.id not in self._reported_late:
            self._reported_late.add(journal.row.id)
            self._site.counts["late"] += 1
            log.warning("workflow %s (%s) is late", journal.row.id, journal.row.name)

    async def _tend_forever(self) -> None:
        while True:
            await self._site.clock.sleep(self._site.lease / 3)
            try:
                await self.tend()
            except Exception:
                log.exception("cannot renew leases")
            self._stop_overrun()

    async def tend(self) -> None:
        """Renew the leases of what runs here; stop what another engine took, and commands of workflows that are late."""
        if not self._workers:
            return
        site, journals = self._site, {j.row.id: j for j in self._workers.values()}
        async with site.db.tx() as tx:
            lease = tx.now + site.lease
            kept = dict(await tx.all(table.RENEW, b_owner=site.owner, b_ids=list(journals), lease=lease))
        for identity, journal in journals.items():
            if kept.get(identity) == journal.row.fence:
                journal.lease_until = lease
            else:
                journal.interrupt(Lost())
            if journal.now() >= journal.row.deadline:
                self._report_late(journal)
                if not journal.irrevocable and journal.failure is None:
                    journal.interrupt(Late("The operation took too long.", code="late"))

    def _stop_overrun(self) -> None:
        for journal in self._workers.values():
            if journal.now() >= journal.lease_until:
                journal.interrupt(Lost())
