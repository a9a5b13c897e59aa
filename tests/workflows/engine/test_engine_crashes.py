"""The engine under the generic crash tests, with a workflow that uses all of its parts."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.kernel.db import Tx
from cumulet.kernel.workflow import Call, Workflow, command, minutes, step, workflow
from support.crash import Scenario, survives_crashes, survives_everything
from support.small_cloud import Agent, Refused, SmallCloud, drop, mark_failed, put, small_cloud


@step
async def claim(tx: Tx, thing: str, without: list[str]) -> str:
    host = f"host-{len(without) + 1}"
    await put(tx, f"claim {thing} {host}")
    return host


@step
async def release(tx: Tx, thing: str, without: list[str]) -> None:
    await drop(tx, f"claim {thing} host-{len(without) + 1}")


@command
async def make_disk(call: Call, thing: str, host: str) -> str:
    agent: Agent = call.services
    return await agent.make(call.key, f"disk of {thing} on {host}")


@command
async def remove_disk(call: Call, thing: str, host: str) -> None:
    agent: Agent = call.services
    assert call.undoes.endswith("/make_disk")
    await agent.remove(call.key, f"disk of {thing} on {host}")


@command
async def boot(call: Call, thing: str, host: str, disk: str) -> None:
    agent: Agent = call.services
    assert disk == f"made disk of {thing} on {host}"
    await agent.make(call.key, f"guest of {thing} on {host}")


@command
async def kill(call: Call, thing: str, host: str, disk: str) -> None:
    agent: Agent = call.services
    await agent.remove(call.key, f"guest of {thing} on {host}")


@step
async def is_up(tx: Tx, thing: str, since: float) -> bool:
    return tx.now >= since + 7


@step
async def look(tx: Tx, thing: str) -> float:
    return tx.now


@step
async def announce(tx: Tx, thing: str) -> None:
    await put(tx, f"{thing} announced")


@step
async def mark_active(tx: Tx, thing: str) -> None:
    await put(tx, f"{thing} active")


@workflow(resource="thing", deadline=minutes(30), on_failure=mark_failed)
async def build_thing(wf: Workflow, thing: str) -> None:
    since = await wf.step(look, thing)
    host = ""
    async for attempt in wf.attempts(3, on=Refused):
        async with attempt:
            host = await wf.step(claim, thing, attempt.errors, undo=release)
            disk = await wf.step(make_disk, thing, host, undo=remove_disk)
            await wf.step(boot, thing, host, disk, undo=kill)
    await wf.wait_until(is_up, thing, since, timeout=20, every=2)
    await wf.sleep(3)
    await wf.point_of_no_return()
    await wf.step(announce, thing)
    await wf.finish(mark_active, thing)


def done_on(host: str) -> dict[str, Any]:
    return {
        "facts": {f"claim t1 {host}", "t1 announced", "t1 active"},
        "things": {f"disk of t1 on {host}", f"guest of t1 on {host}"},
    }


def parts(left: dict[str, Any]) -> dict[str, Any]:
    return {"facts": set(left["facts"]), "things": set(left["things"])}


def is_finished(left: dict[str, Any]) -> bool:
    return left["ends"] == [("build_thing", "done")] and any(parts(left) == done_on(f"host-{n}") for n in (1, 2, 3))


def is_undone(left: dict[str, Any]) -> bool:
    return left["ends"] == [("build_thing", "failed")] and parts(left) == {"facts": {"t1 failed"}, "things": set()}


async def begin(cloud: SmallCloud) -> None:
    await cloud.start(build_thing, "t1")


async def begin_with_two_refusals(cloud: SmallCloud) -> None:
    cloud.services.refuse["guest of t1 on host-1"] = [Refused("host-1 is full")]
    cloud.services.refuse["disk of t1 on host-2"] = [Refused("host-2 has no disk")]
    await begin(cloud)


async def begin_hopelessly(cloud: SmallCloud) -> None:
    for host in ("host-1", "host-2", "host-3"):
        cloud.services.refuse[f"guest of t1 on {host}"] = [Refused(f"{host} is full")]
    await begin(cloud)


BUILD = Scenario(
    setup=small_cloud,
    start=begin,
    snapshot=SmallCloud.snapshot,
    finished=is_finished,
    undone=is_undone,
    errors=(RuntimeError("injected"), Refused("injected")),
    cancel=("thing", "t1"),
)


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
