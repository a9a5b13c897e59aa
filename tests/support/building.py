"""A workflow that uses all of the engine's parts, and how its world must look afterwards."""

from __future__ import annotations

from typing import Any

from cumulet.kernel.db import Tx
from cumulet.kernel.workflow import Call, Workflow, command, minutes, step, workflow

from .crash import Scenario
from .small_cloud import Agent, Refused, SmallCloud, drop, mark_failed, put, small_cloud


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
