"""Starting a workflow, and its steps: recorded once, replayed exactly."""

from __future__ import annotations

import pytest
from msgspec import Struct

from cumulet.kernel import workflow as workflows
from cumulet.kernel.db import Tx
from cumulet.kernel.errors import Conflict, NotFound
from cumulet.kernel.log import current_request_id, request_context
from cumulet.kernel.workflow import Call, Crash, Workflow, command, minutes, step, workflow
from support.small_cloud import Agent, SmallCloud, drop, put


class Flavor(Struct, frozen=True):
    vcpus: int
    names: tuple[str, ...] = ()


SEEN: list[object] = []


@step
async def double(tx: Tx, thing: str, flavor: Flavor) -> Flavor:
    await put(tx, f"{thing} {flavor.vcpus}")
    return Flavor(flavor.vcpus * 2, (thing,))


@step
async def remember(tx: Tx, thing: str) -> None:
    await put(tx, f"{thing} remembered")


@step
async def forget(tx: Tx, thing: str) -> None:
    await drop(tx, f"{thing} remembered")


@step
async def note_request(tx: Tx, thing: str) -> None:
    await put(tx, f"{thing} for {current_request_id()}")


@workflow(resource="thing", deadline=minutes(5))
async def noting(wf: Workflow, thing: str) -> None:
    await wf.step(note_request, thing)


@command
async def make(call: Call, thing: str) -> str:
    agent: Agent = call.services
    return await agent.make(call.key, thing)


@workflow(resource="thing", deadline=minutes(5))
async def doubling(wf: Workflow, thing: str, flavor: Flavor) -> None:
    twice = await wf.step(double, thing, flavor)
    four = await wf.step(double, thing, twice, name="again")
    SEEN.append(four)
    await wf.step(make, thing)


async def test_structs_go_into_a_workflow_and_through_its_steps(cloud: SmallCloud) -> None:
    SEEN.clear()
    await cloud.start(doubling, "t1", Flavor(1))
    await cloud.engine().run_pending()
    assert [Flavor(4, ("t1",))] == SEEN
    assert set(await cloud.facts()) == {"t1 1", "t1 2"}
    assert await cloud.ends() == [("doubling", "done")]


async def test_a_replayed_step_returns_what_it_returned_before_without_running(cloud: SmallCloud) -> None:
    SEEN.clear()
    identity = await cloud.start(doubling, "t1", Flavor(1))
    first = cloud.engine("first")

    def die(when: str, flow: str, name: str) -> None:
        if (when, name) == ("during", "make"):
            raise Crash

    first.fault = die
    with pytest.raises(Crash):
        await first.run_pending()
    await cloud.pass_time(cloud.engine("second"), first.lease)
    assert [Flavor(4, ("t1",))] * 2 == SEEN
    assert cloud.services.delivered == [f"{identity}/make"] * 2
    assert cloud.services.done == [f"{identity}/make"]
    assert await cloud.ends() == [("doubling", "done")]


async def test_a_workflow_of_a_rolled_back_transaction_never_existed(cloud: SmallCloud) -> None:
    async def refuse() -> None:
        async with cloud.db.tx() as tx:
            await workflows.start(tx, doubling, "t1", Flavor(1))
            raise NotFound("no")

    with pytest.raises(NotFound):
        await refuse()
    await cloud.engine().run_pending()
    assert await cloud.ends() == []


async def test_a_second_exclusive_workflow_of_a_resource_is_refused_until_the_first_is_finished(cloud: SmallCloud) -> None:
    await cloud.start(doubling, "t1", Flavor(1))
    with pytest.raises(Conflict, match="thing t1 is busy"):
        await cloud.start(doubling, "t1", Flavor(1))
    await cloud.start(doubling, "t2", Flavor(1))
    await cloud.engine().run_pending()
    async with cloud.db.tx() as tx:
        await drop(tx, "t1 1")
        await drop(tx, "t1 2")
    await cloud.start(doubling, "t1", Flavor(1))


@workflow(resource="thing", deadline=minutes(5), exclusive=False)
async def remembering(wf: Workflow, thing: str) -> None:
    await wf.step(remember, thing, undo=forget)


async def test_workflows_that_are_not_exclusive_run_side_by_side_with_others(cloud: SmallCloud) -> None:
    await cloud.start(doubling, "t1", Flavor(1))
    await cloud.start(remembering, "t1")
    await cloud.engine().run_pending()
    assert sorted(await cloud.ends()) == [("doubling", "done"), ("remembering", "done")]


async def test_starting_with_a_wrong_number_of_arguments_is_a_bug_of_the_caller(cloud: SmallCloud) -> None:
    with pytest.raises(TypeError, match="doubling"):
        await cloud.start(doubling, "t1")
    with pytest.raises(TypeError, match="resource's id"):
        await cloud.start(remembering, 7)


@workflow(resource="thing", deadline=minutes(5))
async def same_name_twice(wf: Workflow, thing: str) -> None:
    await wf.step(remember, thing, undo=forget)
    await wf.step(remember, thing)


@workflow(resource="thing", deadline=minutes(5))
async def bare_function(wf: Workflow, thing: str) -> None:
    await wf.step(drop, thing)


async def test_a_step_name_used_twice_and_a_bare_function_fail_the_workflow(cloud: SmallCloud) -> None:
    await cloud.start(same_name_twice, "t1")
    await cloud.start(bare_function, "t2")
    await cloud.engine().run_pending()
    assert {state for _, state in await cloud.ends()} == {"failed"}
    assert await cloud.facts() == {}


@workflow(resource="thing", deadline=minutes(5))
async def finishing(wf: Workflow, thing: str) -> None:
    await wf.finish(start_the_next, thing)


@step
async def start_the_next(tx: Tx, thing: str) -> None:
    await workflows.start(tx, remembering_alone, thing)


@workflow(resource="thing", deadline=minutes(5))
async def remembering_alone(wf: Workflow, thing: str) -> None:
    await wf.step(remember, thing)


async def test_the_last_step_frees_the_resource_in_its_own_transaction(cloud: SmallCloud) -> None:
    await cloud.start(finishing, "t1")
    await cloud.engine().run_pending()
    assert await cloud.ends() == [("finishing", "done"), ("remembering_alone", "done")]


@step
async def fails(tx: Tx, thing: str) -> None:
    await put(tx, f"{thing} half done")
    raise NotFound("no such thing")


@step
async def fails_otherwise(tx: Tx, thing: str) -> None:
    raise ZeroDivisionError("by nothing")


@workflow(resource="thing", deadline=minutes(5))
async def catching(wf: Workflow, thing: str) -> None:
    for fn in (fails, fails_otherwise):
        try:
            await wf.step(fn, thing)
        except (NotFound, ZeroDivisionError) as error:
            SEEN.append((type(error).__name__, str(error)))
    await wf.step(make, thing)
    await wf.step(remember, thing)


async def test_an_error_that_the_function_catches_is_the_same_on_replay(cloud: SmallCloud) -> None:
    SEEN.clear()
    await cloud.start(catching, "t1")
    first = cloud.engine("first")

    def die(when: str, flow: str, name: str) -> None:
        if (when, name) == ("during", "make"):
            raise Crash

    first.fault = die
    with pytest.raises(Crash):
        await first.run_pending()
    second, ran = cloud.engine("second"), []
    second.fault = lambda when, flow, name: ran.append(name)
    await cloud.pass_time(second, first.lease)
    assert SEEN == [("NotFound", "no such thing"), ("ZeroDivisionError", "by nothing")] * 2
    assert not {"fails", "fails_otherwise"} & set(ran)
    assert set(await cloud.facts()) == {"t1 remembered"}


async def test_the_running_workflow_of_a_resource_can_be_seen(cloud: SmallCloud) -> None:
    seen = []
    identity = await cloud.start(doubling, "t1", Flavor(1), request_id="req-1")
    engine = cloud.engine()

    async def peek(key: str, thing: str) -> str:
        seen.append(await cloud.active())
        return "made"

    cloud.services.make = peek  # type: ignore[method-assign]
    await engine.run_pending()
    (row,) = seen
    assert row is not None
    assert (row.id, row.name, row.step, row.state, row.request_id) == (identity, "doubling", "again", "running", "req-1")
    assert await cloud.active() is None


async def test_many_resources_are_looked_up_in_one_statement(cloud: SmallCloud) -> None:
    for thing in ("t1", "t2", "t3"):
        await cloud.start(doubling, thing, Flavor(1))
    before = cloud.db.statements
    async with cloud.db.read() as tx:
        found = await workflows.active_many(tx, "thing", ["t1", "t3", "t9"])
    assert sorted(found) == ["t1", "t3"]
    assert cloud.db.statements - before == 1


async def test_a_step_costs_one_statement_besides_its_own(cloud: SmallCloud) -> None:
    engine = cloud.engine()
    before = cloud.db.statements
    await cloud.start(doubling, "t1", Flavor(1))
    await engine.run_pending()
    insert, take, own, records, finish, nothing_left = 1, 1, 2, 3, 1, 1
    assert cloud.db.statements - before == insert + take + own + records + finish + nothing_left


async def test_finished_workflows_are_forgotten_after_their_time(cloud: SmallCloud) -> None:
    await cloud.start(remembering, "t1")
    await cloud.engine().run_pending()
    await cloud.start(doubling, "t2", Flavor(1))
    await cloud.clock.advance(3600)
    async with cloud.db.tx() as tx:
        assert await workflows.purge(tx, keep=3601) == 0
        assert await workflows.purge(tx, keep=3599) == 1
    assert await cloud.ends() == [("doubling", "running")]


async def test_what_a_workflow_logs_carries_the_id_of_the_request_that_started_it(cloud: SmallCloud) -> None:
    with request_context("req-1"):
        await cloud.start(noting, "t1")
    await cloud.engine().run_pending()
    assert "t1 for req-1" in await cloud.facts()
