"""The workflow engine on PostgreSQL, where several processes share the work."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cumulet.kernel.db import Tx
from cumulet.kernel.db.postgres import Postgres
from cumulet.kernel.errors import Conflict
from cumulet.kernel.workflow import Call, Engine, Workflow, command, minutes, step, workflow
from support.building import BUILD
from support.crash import Scenario, survives_cancelling, survives_crashes, survives_failures, survives_repetition
from support.small_cloud import Agent, SmallCloud, put, small_cloud_on_postgres


@pytest.fixture
def build(postgres_dsn: str) -> Scenario:
    return replace(BUILD, setup=functools.partial(small_cloud_on_postgres, postgres_dsn))


@pytest.fixture
async def cloud(postgres_dsn: str) -> AsyncIterator[SmallCloud]:
    async with small_cloud_on_postgres(postgres_dsn) as made:
        yield made


@pytest.mark.exhaustive
async def test_T1_a_workflow_survives_crashes_on_postgres(build: Scenario) -> None:
    await survives_crashes(build)
    await survives_repetition(build)


@pytest.mark.exhaustive
async def test_T1_a_workflow_survives_failures_on_postgres(build: Scenario) -> None:
    await survives_failures(build)


@pytest.mark.exhaustive
async def test_T1_a_workflow_survives_cancelling_on_postgres(build: Scenario) -> None:
    await survives_cancelling(build)


@command
async def touch(call: Call, thing: str, group: str) -> str:
    agent: Agent = call.services
    return await agent.make(call.key, f"{group}/{thing}")


@step
async def note(tx: Tx, thing: str) -> None:
    await put(tx, thing)


@workflow(resource="thing", deadline=minutes(5))
async def touching(wf: Workflow, thing: str, group: str) -> None:
    await wf.step(touch, thing, group)
    await wf.finish(note, thing)


async def test_two_processes_do_each_workflow_once_and_each_group_in_order(cloud: SmallCloud, postgres_dsn: str) -> None:
    other = Postgres(postgres_dsn, cloud.clock, size=5)
    engines = [cloud.engine("one"), Engine(other, cloud.services, "two", cloud.clock)]
    try:
        for number in range(60):
            group = f"group {number % 6}"
            await cloud.start(touching, f"{number:02}", group, turn=group)
        while any(state == "running" for _, state in await cloud.ends()):
            await asyncio.gather(*(engine.run_pending() for engine in engines))
    finally:
        await other.close()
    assert len(await cloud.facts()) == 60
    assert len(cloud.services.delivered) == len(cloud.services.done) == 60
    assert sum(engine.counts["done"] for engine in engines) == 60
    order = sorted(cloud.services.things, key=lambda thing: cloud.services.done.index(cloud.services.things[thing]))
    for number in range(6):
        mine = [thing for thing in order if thing.startswith(f"group {number}/")]
        assert mine == sorted(mine)


async def test_of_many_that_start_an_exclusive_workflow_at_once_one_does(cloud: SmallCloud) -> None:
    started = await asyncio.gather(*(cloud.start(touching, "same", "g") for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(outcome, str) for outcome in started) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in started) == 9


async def test_a_workflow_started_by_one_process_is_run_at_once_by_another(cloud: SmallCloud, postgres_dsn: str) -> None:
    other = Postgres(postgres_dsn, cloud.clock, size=2)
    engine = Engine(other, cloud.services, "two", cloud.clock)
    await engine.start()
    await cloud.start(touching, "t1", "g")
    while engine.counts["done"] == 0:
        await cloud.facts()  # the fake clock stands still: only a notice can have told it
    await engine.stop()
    await other.close()
    assert await cloud.ends() == [("touching", "done")]
