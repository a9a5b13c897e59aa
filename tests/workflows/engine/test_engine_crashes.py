"""The engine under the generic crash tests, with a workflow that uses all of its parts."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.kernel.db import Tx
from cumulet.kernel.workflow import Call, Workflow, command, minutes, step, workflow
from support.building import BUILD, announce, begin_hopelessly, begin_with_two_refusals, is_finished, is_undone, mark_active
from support.crash import Scenario, survives_crashes, survives_everything
from support.small_cloud import Agent, SmallCloud, mark_failed, put, small_cloud


async def test_T1_a_workflow_survives_everything() -> None:
    await survives_everything(BUILD)


async def test_T1_a_workflow_in_its_third_attempt_survives_crashes() -> None:
    await survives_crashes(Scenario(small_cloud, begin_with_two_refusals, SmallCloud.snapshot, is_finished, is_undone))


async def test_T1_a_workflow_that_fails_for_good_survives_crashes() -> None:
    def is_right(left: dict[str, Any]) -> bool:
        return is_undone(left) or is_finished(left)  # killed before the last refusal is recorded, it may be lucky afterwards

    await survives_crashes(Scenario(small_cloud, begin_hopelessly, SmallCloud.snapshot, is_right, is_undone))


@step
async def leak(tx: Tx, thing: str) -> None:
    await put(tx, "leaked")


@workflow(resource="thing", deadline=minutes(1), on_failure=mark_failed)
async def leaky(wf: Workflow, thing: str) -> None:
    await wf.step(leak, thing)
    await wf.step(announce, thing)


@command
async def make_twice(call: Call, thing: str) -> None:
    agent: Agent = call.services
    await agent.make(f"another key {len(agent.delivered)}", f"{thing} number {len(agent.delivered)}")


@workflow(resource="thing", deadline=minutes(1))
async def not_idempotent(wf: Workflow, thing: str) -> None:
    await wf.step(make_twice, thing)
    await wf.finish(mark_active, thing)


async def test_the_harness_names_each_case_that_leaks() -> None:
    scenario = Scenario(
        small_cloud,
        lambda cloud: cloud.start(leaky, "t1"),
        SmallCloud.snapshot,
        lambda left: set(left["facts"]) == {"leaked", "t1 announced"},
        lambda left: set(left["facts"]) == {"t1 failed"},
    )
    with pytest.raises(AssertionError, match=r"during announce: neither of finished, undone but .*leaked"):
        await survives_everything(scenario)


async def test_the_harness_finds_a_command_that_may_not_be_repeated() -> None:
    scenario = Scenario(
        small_cloud,
        lambda cloud: cloud.start(not_idempotent, "t1"),
        SmallCloud.snapshot,
        lambda left: len(left["things"]) == 1,
        lambda left: not left["things"],
    )
    with pytest.raises(AssertionError, match=r"\('during', 'make_twice'\)"):
        await survives_crashes(scenario)
