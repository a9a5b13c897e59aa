"""Failures, undo, intents, deadlines, and the point of no return."""

from __future__ import annotations

from cumulet.kernel import workflow as workflows
from cumulet.kernel.db import Tx
from cumulet.kernel.errors import NoCapacity
from cumulet.kernel.workflow import Call, Failure, Workflow, command, minutes, step, workflow
from support.small_cloud import Agent, Refused, SmallCloud, drop, mark_failed, put

FAILURES: list[Failure] = []
ERRORS: list[list[str]] = []


@command
async def make(call: Call, thing: str) -> str:
    agent: Agent = call.services
    return await agent.make(call.key, thing)


@command
async def unmake(call: Call, thing: str) -> None:
    agent: Agent = call.services
    await agent.remove(call.key, thing)


@step
async def note(tx: Tx, text: str) -> None:
    await put(tx, text)


@step
async def unnote(tx: Tx, text: str) -> None:
    await drop(tx, text)


@step
async def keep_failure(tx: Tx, thing: str, failure: Failure) -> None:
    FAILURES.append(failure)
    await put(tx, f"{thing} failed")


@workflow(resource="thing", deadline=minutes(5), on_failure=keep_failure)
async def making(wf: Workflow, thing: str) -> None:
    await wf.step(note, "claimed", undo=unnote)
    await wf.step(make, thing, undo=unmake)
    await wf.step(make, f"{thing} lid", undo=unmake, name="make_lid")


async def test_a_failing_step_undoes_everything_backwards_and_tells_on_failure(cloud: SmallCloud) -> None:
    FAILURES.clear()
    cloud.services.refuse["t1 lid"] = [NoCapacity("no lid fits", code="lid")]
    identity = await cloud.start(making, "t1")
    await cloud.engine().run_pending()
    assert cloud.services.delivered[2:] == [f"{identity}/undo:make_lid", f"{identity}/undo:make"]
    assert await cloud.snapshot() == {"facts": {"t1 failed": ""}, "things": {}, "ends": [("making", "failed")]}
    (failure,) = FAILURES
    assert (failure.type, failure.message, failure.code, failure.step) == ("NoCapacity", "no lid fits", "lid", "make_lid")


async def test_a_bug_is_not_shown_to_users_but_to_operators(cloud: SmallCloud) -> None:
    FAILURES.clear()
    cloud.services.refuse["t1"] = [KeyError("/var/lib/secret")]
    await cloud.start(making, "t1")
    await cloud.engine().run_pending()
    assert FAILURES[0].message == "An unexpected error (KeyError)."
    assert "/var/lib/secret" in FAILURES[0].internal


async def test_a_failing_undo_is_retried_with_growing_pauses_and_can_be_seen(cloud: SmallCloud) -> None:
    FAILURES.clear()
    cloud.services.refuse["t1 lid"] = [Refused("no")]
    cloud.services.refuse["remove t1"] = [Refused("stuck")] * 8
    await cloud.start(making, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    pauses: list[float] = []
    while (row := await cloud.active()) is not None:
        assert row.state == "undoing"
        assert "stuck" in (row.error or "")
        assert row.attempts == len(pauses) + 1
        pauses.append(row.due_at - cloud.clock.now())
        await cloud.pass_time(engine, pauses[-1])
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert cloud.services.delivered[-1].endswith("/undo:make#9")
    assert await cloud.facts() == {"t1 failed": ""}
    assert engine.counts["retried"] == 8


async def test_an_on_failure_that_fails_is_retried(cloud: SmallCloud) -> None:
    async with cloud.db.tx() as tx:
        await put(tx, "t1 failed")  # its INSERT is refused while this is here
    cloud.services.refuse["t1"] = [Refused("no")]
    await cloud.start(making, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    row = await cloud.active()
    assert row is not None
    assert row.state == "undoing"
    async with cloud.db.tx() as tx:
        await drop(tx, "t1 failed")
    await cloud.pass_time(engine, 1)
    assert await cloud.snapshot() == {"facts": {"t1 failed": ""}, "things": {}, "ends": [("making", "failed")]}


@step
async def restart(tx: Tx, thing: str, failure: Failure) -> None:
    if "cancel" in failure.intents:
        await workflows.start(tx, deleting, thing)


@workflow(resource="thing", deadline=minutes(5), on_failure=restart)
async def waiting(wf: Workflow, thing: str) -> None:
    await wf.step(make, thing, undo=unmake)
    await wf.wait_until(never, thing, timeout=minutes(4))


@step
async def never(tx: Tx, thing: str) -> bool:
    return False


@workflow(resource="thing", deadline=minutes(5))
async def deleting(wf: Workflow, thing: str) -> None:
    await wf.step(note, f"{thing} deleted")


async def test_a_cancelled_workflow_is_undone_and_may_hand_over_to_the_next(cloud: SmallCloud) -> None:
    await cloud.start(waiting, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    assert "t1" in cloud.services.things
    assert await cloud.intend()
    await engine.run_pending()
    assert await cloud.snapshot() == {
        "facts": {"t1 deleted": ""},
        "things": {},
        "ends": [("waiting", "failed"), ("deleting", "done")],
    }


async def test_an_intent_that_arrives_during_the_undo_reaches_on_failure(cloud: SmallCloud) -> None:
    cloud.services.refuse["remove t1"] = [Refused("stuck")]
    await cloud.start(waiting, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    await cloud.pass_time(engine, 240)
    row = await cloud.active()
    assert row is not None
    assert row.state == "undoing"
    assert await cloud.intend()
    await engine.run_pending()
    assert await cloud.facts() == {"t1 deleted": ""}


async def test_an_intent_for_a_resource_without_a_workflow_is_not_left(cloud: SmallCloud) -> None:
    assert not await cloud.intend()


async def test_an_intent_that_arrives_during_the_last_step_still_cancels(cloud: SmallCloud) -> None:
    FAILURES.clear()
    await cloud.start(making, "t1")
    engine = cloud.engine()

    async def make_and_cancel(key: str, thing: str) -> str:
        cloud.services.things[thing] = key
        if thing == "t1 lid":
            assert await cloud.intend()
        return "made"

    cloud.services.make = make_and_cancel  # type: ignore[method-assign]
    await engine.run_pending()
    assert FAILURES[0].type == "Cancelled"
    assert cloud.services.things == {}


@workflow(resource="thing", deadline=minutes(5), on_failure=mark_failed)
async def irrevocable(wf: Workflow, thing: str) -> None:
    await wf.step(note, "before", undo=unnote)
    await wf.point_of_no_return()
    await wf.step(make, thing, undo=unmake)
    await wf.finish(note, "after", name="note_after")


async def test_past_the_point_of_no_return_steps_are_retried_for_ever_and_nothing_cancels(cloud: SmallCloud) -> None:
    cloud.services.refuse["t1"] = [Refused("not yet")] * 20
    identity = await cloud.start(irrevocable, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    assert not await cloud.intend()
    tries = 0
    while (row := await cloud.active()) is not None:
        tries += 1
        assert (row.irrevocable, row.state, row.attempts) == (True, "running", tries)
        await cloud.pass_time(engine, row.due_at - cloud.clock.now())
    assert tries == 20
    assert cloud.services.delivered[0] == f"{identity}/make"
    assert cloud.services.delivered[1] == f"{identity}/make#2"
    assert set(await cloud.facts()) == {"before", "after"}
    assert engine.counts["late"] == 1  # 20 tries last longer than its five minutes


async def test_a_late_irrevocable_workflow_is_listed_for_the_operator(cloud: SmallCloud) -> None:
    cloud.services.refuse["t1"] = [Refused("not yet")] * 20
    await cloud.start(irrevocable, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    async with cloud.db.read() as tx:
        assert await workflows.list_late(tx) == []
    await cloud.pass_time(engine, 301)
    async with cloud.db.read() as tx:
        (late,) = await workflows.list_late(tx)
        assert [row.id for row in await workflows.list_unfinished(tx)] == [late.id]
    assert (late.name, late.step, late.attempts) == ("irrevocable", "point of no return", 2)
    assert "not yet" in (late.error or "")


async def test_L1_a_workflow_past_its_deadline_is_undone_and_fails(cloud: SmallCloud) -> None:
    await cloud.start(patient, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    await cloud.pass_time(engine, 300)
    assert await cloud.snapshot() == {
        "facts": {"t1 failed": "The operation took too long."},
        "things": {},
        "ends": [("patient", "failed")],
    }
    assert engine.counts["late"] == 1


@workflow(resource="thing", deadline=minutes(5), on_failure=mark_failed)
async def patient(wf: Workflow, thing: str) -> None:
    await wf.step(make, thing, undo=unmake)
    await wf.wait_until(never, thing, timeout=minutes(60), every=600)


@workflow(resource="thing", deadline=minutes(5), on_failure=mark_failed)
async def trying(wf: Workflow, thing: str) -> None:
    await wf.step(note, "outside", undo=unnote)
    async for attempt in wf.attempts(3, on=Refused):
        async with attempt:
            ERRORS.append(attempt.errors)
            await wf.step(note, f"try {attempt.number}", undo=unnote)
            await wf.step(make, f"{thing}-{attempt.number}", undo=unmake)
    await wf.finish(note, "done", name="note_done")


async def test_a_refused_attempt_is_undone_by_itself_and_the_next_knows_why(cloud: SmallCloud) -> None:
    ERRORS.clear()
    cloud.services.refuse["t1-1"] = [Refused("full")]
    cloud.services.refuse["t1-2"] = [Refused("broken")]
    identity = await cloud.start(trying, "t1")
    await cloud.engine().run_pending()
    assert ERRORS == [[], ["full"], ["full", "broken"]]
    assert set(await cloud.facts()) == {"outside", "try 3", "done"}
    assert cloud.services.things == {"t1-3": f"{identity}/3/make"}
    assert cloud.services.delivered[1] == f"{identity}/undo:1/make"


async def test_the_error_of_the_last_attempt_fails_the_workflow(cloud: SmallCloud) -> None:
    for number in (1, 2, 3):
        cloud.services.refuse[f"t1-{number}"] = [Refused(f"full {number}")]
    await cloud.start(trying, "t1")
    await cloud.engine().run_pending()
    assert await cloud.facts() == {"t1 failed": "full 3"}


async def test_another_error_ends_the_attempts(cloud: SmallCloud) -> None:
    cloud.services.refuse["t1-1"] = [NoCapacity("nowhere")]
    await cloud.start(trying, "t1")
    await cloud.engine().run_pending()
    assert await cloud.facts() == {"t1 failed": "nowhere"}


async def test_a_cancelled_attempt_is_not_tried_again(cloud: SmallCloud) -> None:
    ERRORS.clear()
    await cloud.start(trying_anything, "t1")
    engine = cloud.engine()

    async def make_and_cancel(key: str, thing: str) -> str:
        await cloud.intend()
        raise Refused("full")

    cloud.services.make = make_and_cancel  # type: ignore[method-assign]
    await engine.run_pending()
    assert len(ERRORS) == 2
    assert await cloud.facts() == {"t1 failed": "The operation was cancelled."}


@workflow(resource="thing", deadline=minutes(5), on_failure=mark_failed)
async def trying_anything(wf: Workflow, thing: str) -> None:
    async for attempt in wf.attempts(9, on=Exception):
        async with attempt:
            ERRORS.append(attempt.errors)
            await wf.step(make, thing, undo=unmake)
