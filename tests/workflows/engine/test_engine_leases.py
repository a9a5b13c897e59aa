"""Who works on what: leases, fences, turns, and stopping."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from cumulet.kernel.db import Query, Tx
from cumulet.kernel.errors import Unavailable
from cumulet.kernel.workflow import Call, Crash, Engine, Workflow, command, minutes, step, workflow
from support.clock import settle
from support.small_cloud import FACTS, Agent, SmallCloud, mark_failed, put

LINKS = sa.Table(
    "links",
    sa.MetaData(),
    sa.Column("id", sa.Text, sa.ForeignKey(FACTS.c.id, deferrable=True, initially="DEFERRED"), nullable=False),
)
"""A dangling link makes the COMMIT fail, not the INSERT."""

LINK: Query[Any] = Query(sa.insert(LINKS).values(id=sa.bindparam("id")))
TRIES: list[str] = []


class SlowAgent(Agent):
    """Answers when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.gate = asyncio.Event()

    async def make(self, key: str, thing: str) -> str:
        """Make a thing once the gate is open."""
        self.asked.append(key)
        await self.gate.wait()
        return await super().make(key, thing)


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


@workflow(resource="thing", deadline=minutes(30), on_failure=mark_failed)
async def slow(wf: Workflow, thing: str) -> None:
    await wf.step(make, thing, undo=unmake)
    await wf.finish(note, f"{thing} made")


@pytest.fixture
def agent(cloud: SmallCloud) -> SlowAgent:
    cloud.services = slow_agent = SlowAgent()
    return slow_agent


async def running(cloud: SmallCloud, owner: str = "first") -> Engine:
    engine = cloud.engine(owner)
    await engine.start()
    await settle()
    return engine


async def test_a_long_command_keeps_its_lease(cloud: SmallCloud, agent: SlowAgent) -> None:
    await cloud.start(slow, "t1")
    first, second = await running(cloud), await running(cloud, "second")
    await cloud.clock.advance(600)
    assert len(agent.asked) == 1
    agent.gate.set()
    await settle()
    assert await cloud.ends() == [("slow", "done")]
    assert (first.counts["done"], second.counts["done"]) == (1, 0)
    await first.stop()
    await second.stop()


async def test_the_work_of_a_dead_process_is_taken_over_when_its_lease_ends(cloud: SmallCloud, agent: SlowAgent) -> None:
    identity = await cloud.start(slow, "t1")
    agent.gate.set()
    first = cloud.engine("first")

    def die(when: str, flow: str, name: str) -> None:
        if when == "during":
            raise Crash

    first.fault = die
    with pytest.raises(Crash):
        await first.run_pending()
    second = await running(cloud, "second")
    await cloud.clock.advance(first.lease - 1)
    assert len(agent.asked) == 1
    await cloud.clock.advance(2)
    assert agent.asked == [f"{identity}/make"] * 2
    assert await cloud.ends() == [("slow", "done")]
    await second.stop()


async def test_a_process_that_is_alone_does_not_wait_for_leases(cloud: SmallCloud, agent: SlowAgent) -> None:
    await cloud.start(slow, "t1")
    agent.gate.set()
    first = cloud.engine("first")

    def die(when: str, flow: str, name: str) -> None:
        raise Crash

    first.fault = die
    with pytest.raises(Crash):
        await first.run_pending()
    second = cloud.engine("second")
    await second.start(alone=True)
    await settle()
    assert await cloud.ends() == [("slow", "done")]
    await second.stop()


async def test_T2_a_worker_that_lost_its_lease_changes_nothing(cloud: SmallCloud, agent: SlowAgent) -> None:
    await cloud.start(slow, "t1")
    first = asyncio.create_task(cloud.engine("first").run_pending())  # it never renews
    await settle()
    second_engine = cloud.engine("second")
    await cloud.clock.advance(31)
    second = asyncio.create_task(second_engine.run_pending())
    await settle()
    assert len(agent.asked) == 2
    agent.gate.set()
    await asyncio.gather(first, second)
    assert await cloud.ends() == [("slow", "done")]
    assert second_engine.counts == {"done": 1}
    assert len(agent.done) == 1


async def test_a_worker_that_overruns_its_lease_stops_itself(cloud: SmallCloud, agent: SlowAgent) -> None:
    await cloud.start(slow, "t1")
    first = await running(cloud)

    cloud.db._writer.execute("PRAGMA query_only=on")  # the disk went read-only: leases cannot be renewed
    await cloud.clock.advance(31)
    assert (first.running, first.counts["lost"]) == (0, 1)
    cloud.db._writer.execute("PRAGMA query_only=off")
    await first.stop()


async def test_a_command_of_a_late_workflow_is_not_waited_for(cloud: SmallCloud, agent: SlowAgent) -> None:
    await cloud.start(slow, "t1")
    engine = await running(cloud)
    await cloud.clock.advance(minutes(30) + engine.lease)
    assert await cloud.ends() == [("slow", "failed")]
    assert agent.delivered[-1].endswith("/undo:make")
    assert engine.counts["late"] == 1
    await engine.stop()


async def test_stopping_lets_the_present_step_end_and_gives_the_workflow_back(cloud: SmallCloud, agent: SlowAgent) -> None:
    await cloud.start(slow, "t1")
    first = await running(cloud)
    stopping = asyncio.create_task(first.stop(grace=60))
    await settle()
    agent.gate.set()
    await stopping
    row = await cloud.active()
    assert row is not None
    assert (row.step, row.owner) == ("make", None)
    await cloud.engine("second").run_pending()
    assert len(agent.asked) == 1
    assert await cloud.ends() == [("slow", "done")]


async def test_stopping_abandons_a_step_that_takes_too_long(cloud: SmallCloud, agent: SlowAgent) -> None:
    identity = await cloud.start(slow, "t1")
    first = await running(cloud)
    await first.stop(grace=0)
    agent.gate.set()
    await cloud.engine("second").run_pending()
    assert agent.asked == [f"{identity}/make"] * 2
    assert await cloud.ends() == [("slow", "done")]


async def test_no_more_workflows_run_at_once_than_allowed(cloud: SmallCloud, agent: SlowAgent) -> None:
    for number in range(7):
        await cloud.start(slow, f"t{number}")
    engine = Engine(cloud.db, agent, "first", cloud.clock, limit=3)
    await engine.start()
    await settle()
    assert (engine.running, len(agent.asked)) == (3, 3)
    agent.gate.set()
    await settle(200)
    assert engine.counts["done"] == 7
    await engine.stop()


@workflow(resource="attachment", deadline=minutes(30), on_failure=mark_failed)
async def attach(wf: Workflow, attachment: str) -> None:
    await wf.step(make, attachment, undo=unmake)
    await wf.finish(note, f"{attachment} attached")


async def test_workflows_that_take_turns_run_one_after_another_in_order(cloud: SmallCloud, agent: SlowAgent) -> None:
    for name in ("a", "b", "c"):
        await cloud.start(attach, name, turn="server:1")
    await cloud.start(attach, "x", turn="server:2")
    first, second = await running(cloud), await running(cloud, "second")
    assert len(agent.asked) == 2
    agent.gate.set()
    await settle(200)
    assert [agent.things[name] for name in ("a", "b", "c")] == agent.done[:1] + [
        k for k in agent.done[1:] if k != agent.things["x"]
    ]
    assert {state for _, state in await cloud.ends()} == {"done"}
    await first.stop()
    await second.stop()


async def test_one_that_waits_too_long_for_its_turn_fails_without_having_begun(cloud: SmallCloud, agent: SlowAgent) -> None:
    agent.refuse["remove a"] = [Unavailable("stuck")] * 99
    await cloud.start(attach, "a", turn="server:1")
    await cloud.clock.advance(60)
    await cloud.start(attach, "b", turn="server:1")
    engine = await running(cloud)
    await cloud.clock.advance(minutes(30) + 60)
    assert await cloud.ends() == [("attach", "undoing"), ("attach", "failed")]
    assert len(agent.asked) == 1
    assert await cloud.facts() == {"b failed": "The operation took too long."}
    await engine.stop()


async def test_a_workflow_that_this_program_does_not_know_waits_visibly(cloud: SmallCloud) -> None:
    async def forgotten(wf: Workflow, thing: str) -> None: ...

    from cumulet.kernel.workflow import definition

    await cloud.start(workflow(resource="thing", deadline=60)(forgotten), "t1")
    del definition._definitions["forgotten"]
    await cloud.engine().run_pending()
    row = await cloud.active()
    assert row is not None
    assert "no workflow forgotten" in (row.error or "")


@step
async def link_badly_once(tx: Tx, thing: str) -> None:
    TRIES.append(thing)
    await tx.do(LINK, id="missing" if len(TRIES) == 1 else thing)


@workflow(resource="thing", deadline=minutes(30), on_failure=mark_failed)
async def linking(wf: Workflow, thing: str) -> None:
    await wf.step(note, thing)
    await wf.step(link_badly_once, thing)


async def test_a_commit_that_fails_is_not_the_step_s_failure(cloud: SmallCloud) -> None:
    TRIES.clear()
    await cloud.db.create(LINKS.metadata)
    await cloud.start(linking, "t1")
    engine = cloud.engine()
    await engine.run_pending()
    row = await cloud.active()
    assert row is not None
    assert (row.state, row.step, engine.counts["lost"]) == ("running", "note", 1)
    await cloud.pass_time(engine, engine.lease)
    assert (await cloud.ends(), len(TRIES)) == ([("linking", "done")], 2)
