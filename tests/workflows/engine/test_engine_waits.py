"""Waiting and sleeping without a worker."""

from __future__ import annotations

from cumulet.kernel import workflow as workflows
from cumulet.kernel.db import Query, Tx
from cumulet.kernel.errors import NotFound
from cumulet.kernel.workflow import DeadlinePassed, Workflow, minutes, step, workflow
from support.clock import settle
from support.small_cloud import ALL, SmallCloud, mark_failed, put

LOOKS: list[float] = []
FACTS: Query[tuple[str, str]] = ALL


@step
async def is_up(tx: Tx, thing: str) -> bool:
    LOOKS.append(tx.now)
    facts = dict(await tx.all(FACTS))
    if f"{thing} lost" in facts:
        raise NotFound(f"{thing} is lost")
    return f"{thing} up" in facts


@step
async def note(tx: Tx, text: str) -> None:
    await put(tx, text)


@workflow(resource="thing", deadline=minutes(30), on_failure=mark_failed)
async def coming_up(wf: Workflow, thing: str) -> None:
    await wf.wait_until(is_up, thing, timeout=60, every=20)
    await wf.step(note, "seen up")


async def tell(cloud: SmallCloud, fact: str) -> None:
    async with cloud.db.tx() as tx:
        await put(tx, fact)


async def test_a_wait_leaves_the_worker_and_looks_again_from_time_to_time(cloud: SmallCloud) -> None:
    LOOKS.clear()
    start = cloud.clock.now()
    await cloud.start(coming_up, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    assert engine.running == 0
    row = await cloud.active()
    assert row is not None
    assert (row.step, row.owner) == ("wait:is_up", None)
    await tell(cloud, "t1 up")
    await cloud.pass_time(engine, 19)
    assert [start] == LOOKS
    await cloud.pass_time(engine, 1)
    assert [start, start + 20] == LOOKS
    assert "seen up" in await cloud.facts()


async def test_a_wake_shortens_the_nap(cloud: SmallCloud) -> None:
    await cloud.start(coming_up, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    async with cloud.db.tx() as tx:
        await put(tx, "t1 up")
        await workflows.wake(tx, "thing", "t1")
    await engine.run_pending()
    assert await cloud.ends() == [("coming_up", "done")]


@step
async def look_after_a_wake(tx: Tx, thing: str) -> bool:
    LOOKS.append(tx.now)
    if len(LOOKS) == 1:
        await workflows.wake(tx, "thing", thing)
    return len(LOOKS) == 2


@workflow(resource="thing", deadline=minutes(30))
async def woken_meanwhile(wf: Workflow, thing: str) -> None:
    await wf.wait_until(look_after_a_wake, thing, timeout=60, every=20)


async def test_a_wake_between_the_look_and_the_nap_is_not_lost(cloud: SmallCloud) -> None:
    LOOKS.clear()
    await cloud.start(woken_meanwhile, "t1")
    await cloud.engine().run_pending()
    assert await cloud.ends() == [("woken_meanwhile", "done")]


async def test_a_wait_that_lasts_too_long_fails_the_workflow(cloud: SmallCloud) -> None:
    LOOKS.clear()
    start = cloud.clock.now()
    await cloud.start(coming_up, "t1")
    engine = cloud.engine()
    for _ in range(4):
        await cloud.pass_time(engine, 19.5)
    assert LOOKS[0] == start + 19.5  # the first look starts the wait
    for _ in range(4):
        await cloud.pass_time(engine, 19.5)
    assert await cloud.facts() == {"t1 failed": "is_up was not true after 60 s."}


async def test_a_wait_that_is_met_at_its_deadline_is_met(cloud: SmallCloud) -> None:
    await cloud.start(coming_up, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    await cloud.pass_time(engine, 59)
    await tell(cloud, "t1 up")
    await cloud.pass_time(engine, 30)
    assert await cloud.ends() == [("coming_up", "done")]


async def test_a_wait_can_fail_at_once(cloud: SmallCloud) -> None:
    await tell(cloud, "t1 lost")
    await cloud.start(coming_up, "t1")
    await cloud.engine().run_pending()
    assert (await cloud.facts())["t1 failed"] == "t1 is lost"


@workflow(resource="thing", deadline=minutes(30), on_failure=mark_failed)
async def content_without(wf: Workflow, thing: str) -> None:
    try:
        await wf.wait_until(is_up, thing, timeout=60, every=60)
    except DeadlinePassed:
        await wf.step(note, "goes on")
    await wf.wait_until(is_up, thing, timeout=600, every=60, name="second")


async def test_a_missed_wait_can_be_handled_and_stays_missed_on_replay(cloud: SmallCloud) -> None:
    await cloud.start(content_without, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    await cloud.pass_time(engine, 60)
    await tell(cloud, "t1 up")
    await cloud.pass_time(cloud.engine("another"), 60)
    assert set(await cloud.facts()) == {"goes on", "t1 up"}
    assert await cloud.ends() == [("content_without", "done")]


@workflow(resource="thing", deadline=minutes(30))
async def sleepy(wf: Workflow, thing: str) -> None:
    await wf.sleep(10)
    await wf.step(note, "awake once")
    await wf.sleep(20, name="second sleep")
    await wf.step(note, "awake twice", name="note_again")


async def test_sleep_is_durable_and_not_shortened_by_a_wake(cloud: SmallCloud) -> None:
    await cloud.start(sleepy, "t1")
    await cloud.engine("one").run_pending()
    await cloud.clock.advance(9)
    await cloud.wake()
    two = cloud.engine("two")
    await two.run_pending()
    assert await cloud.facts() == {}
    await cloud.pass_time(two, 1)
    assert set(await cloud.facts()) == {"awake once"}
    await cloud.pass_time(cloud.engine("three"), 20)
    assert set(await cloud.facts()) == {"awake once", "awake twice"}


async def test_a_started_engine_runs_new_workflows_at_once_and_waits_for_the_clock(cloud: SmallCloud) -> None:
    engine = cloud.engine()
    await engine.start()
    await cloud.start(sleepy, "t1")
    await settle()
    row = await cloud.active()
    assert row is not None
    assert row.step == "wait:sleep"
    await cloud.clock.advance(10)
    assert set(await cloud.facts()) == {"awake once"}
    await cloud.clock.advance(20)
    assert await cloud.ends() == [("sleepy", "done")]
    await engine.stop()


async def test_a_started_engine_hears_wakes_and_intents(cloud: SmallCloud) -> None:
    engine = cloud.engine()
    await engine.start()
    await cloud.start(coming_up, "t1")
    await cloud.start(coming_up, "t2")
    await settle()
    await tell(cloud, "t1 up")
    await cloud.wake()
    await cloud.intend(resource="t2")
    await settle()
    assert await cloud.ends() == [("coming_up", "done"), ("coming_up", "failed")]
    await engine.stop()


async def test_an_idle_engine_asks_once_in_five_seconds(cloud: SmallCloud) -> None:
    engine = cloud.engine()
    await cloud.start(sleepy, "t1")
    await engine.start()
    await settle()
    before = cloud.db.statements
    await cloud.clock.advance(9)
    assert cloud.db.statements - before <= 2
    await engine.stop()
