"""T1: stopping, starting and rebooting, killed and failed everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.crash import WAYS, Scenario, Way
from tests.support.server_crash import BUILT, look, nudge
from tests.support.servers import actor, compute_cloud

from cumulet.compute.operations import guests
from cumulet.compute.operations.servers import power
from cumulet.compute.workflows.steps.commands import HostRefused

OFF = {**BUILT, "state": "stopped", "guest": "shutdown"}


@asynccontextmanager
async def running() -> AsyncIterator[Any]:
    async with compute_cloud() as cloud:
        cloud.made = await cloud.server(config_drive=True)  # type: ignore[attr-defined]
        yield cloud


@asynccontextmanager
async def stopped() -> AsyncIterator[Any]:
    async with running() as cloud:
        async with cloud.db.tx() as tx:
            await power.stop(tx, actor(), cloud.made.id)
        await cloud.settle()
        yield cloud


async def stop(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await power.stop(tx, actor(), cloud.made.id)


async def start(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await power.start(tx, actor(), cloud.made.id)


async def soft(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await power.reboot(tx, actor(), cloud.made.id, hard=False)


async def hard(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await power.reboot(tx, actor(), cloud.made.id, hard=True)


async def once_the_host_has_been_heard(cloud: Any) -> dict[str, Any]:
    """A failure leaves the state to what the host sees next."""
    await cloud.clock.advance(60)
    for world in cloud.worlds:
        async with cloud.db.tx() as tx:
            await guests.observe(tx, world.host_id, [guest.seen() for guest in world.guests.values()])
    return await look(cloud)


def consistent(left: dict[str, Any]) -> bool:
    """Whatever the guest does, the state says so, and nothing else has changed."""
    absent = {"guest": None, "guest disks": [], "guest ports": 0}
    return left in (BUILT, OFF, {**OFF, **absent})


CASES = {"stopping": (running, stop, OFF), "starting": (stopped, start, BUILT)} | {
    "rebooting softly": (running, soft, BUILT),
    "rebooting hard": (running, hard, BUILT),
}


@pytest.mark.parametrize("survives", WAYS)
@pytest.mark.parametrize("name", CASES)
async def test_T1_power_changes_survive_everything(name: str, survives: Way) -> None:
    setup, begin, finished = CASES[name]
    await survives(
        Scenario(
            setup=setup,
            start=begin,
            snapshot=once_the_host_has_been_heard,
            finished=finished,
            undone=consistent,
            errors=(HostRefused("Not now."),),
            nudge=nudge,
        )
    )
