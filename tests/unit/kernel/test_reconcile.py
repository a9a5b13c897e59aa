"""Reconcilers run by timer or signal, one at a time, and outlive their errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cumulet.kernel import workflow
from cumulet.kernel.db import Sqlite
from cumulet.kernel.reconcile import Reconciler, Reconciling
from support.clock import FakeClock, settle
from support.database import fresh_database


class Job:
    """Counts its runs; waits for `gate`; fails while `broken`."""

    def __init__(self) -> None:
        self.runs = self.at_once = self.most_at_once = 0
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> None:
        self.runs += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
            if self.broken:
                raise OSError("broken")
        finally:
            self.at_once -= 1


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def db(clock: FakeClock) -> AsyncIterator[Sqlite]:
    async with fresh_database(clock) as database:
        yield database


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
async def reconciling(db: Sqlite, clock: FakeClock, job: Job) -> AsyncIterator[Reconciling]:
    running = Reconciling([Reconciler("job", 10, job, topic="things")], db, clock)
    await running.start()
    await settle()
    yield running
    await running.stop()


async def signal(db: Sqlite, topic: str) -> None:
    async with db.tx() as tx:
        tx.signal(topic, "key")
    await settle()


async def test_a_reconciler_runs_at_the_start_and_then_by_its_timer(reconciling: Reconciling, clock: FakeClock, job: Job) -> None:
    assert job.runs == 1
    await clock.advance(9)
    assert job.runs == 1
    await clock.advance(1)
    assert job.runs == 2
    await clock.advance(40)
    assert job.runs == 6


async def test_a_signal_runs_it_at_once_and_starts_the_timer_anew(
    reconciling: Reconciling, db: Sqlite, clock: FakeClock, job: Job
) -> None:
    await clock.advance(5)
    await signal(db, "other things")
    assert job.runs == 1
    await signal(db, "things")
    assert job.runs == 2
    await clock.advance(9)
    assert job.runs == 2
    await clock.advance(1)
    assert job.runs == 3


async def test_runs_never_overlap_and_signals_meanwhile_cause_one_more(
    reconciling: Reconciling, db: Sqlite, clock: FakeClock, job: Job
) -> None:
    job.gate.clear()
    await signal(db, "things")
    await signal(db, "things")
    by_hand = asyncio.create_task(reconciling.run_now("job"))
    await signal(db, "things")
    assert (job.runs, reconciling.status[0].running) == (2, True)
    job.gate.set()
    await by_hand
    await settle()
    assert (job.runs, job.most_at_once) == (4, 1)


async def test_an_error_is_kept_for_the_operator_and_not_fatal(reconciling: Reconciling, clock: FakeClock, job: Job) -> None:
    job.broken = True
    await clock.advance(10)
    (status,) = reconciling.status
    assert (status.error, status.failures, status.last_end) == ("OSError: broken", 1, clock.now())
    job.broken = False
    await clock.advance(10)
    assert (status.error, status.failures, status.runs) == (None, 1, 3)


async def test_stopping_ends_a_run_that_is_under_way(reconciling: Reconciling, db: Sqlite, job: Job) -> None:
    job.gate.clear()
    await signal(db, "things")
    await reconciling.stop()
    assert (job.at_once, reconciling.status[0].running) == (0, False)


async def test_two_reconcilers_cannot_share_a_name(db: Sqlite, clock: FakeClock, job: Job) -> None:
    with pytest.raises(ValueError, match="one name"):
        Reconciling([Reconciler("job", 1, job), Reconciler("job", 2, job)], db, clock)


async def test_the_purger_of_workflows_is_a_reconciler(db: Sqlite, clock: FakeClock) -> None:
    reconciling = Reconciling([workflow.purger(db, keep=60)], db, clock)
    status = await reconciling.run_now("workflow purger")
    assert (status.runs, status.error) == (1, None)
