"""T1: deleting a server, killed and failed everywhere, whatever else was being done to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.support.crash import WAYS, Scenario, Way, survives_interruption
from tests.support.server_crash import CREATE, GONE, look, nudge
from tests.support.servers import actor, compute_cloud

from cumulet.compute.operations.servers import delete, power
from cumulet.compute.workflows.steps.commands import HostRefused


@asynccontextmanager
async def built() -> AsyncIterator[Any]:
    async with compute_cloud() as cloud:
        cloud.made = await cloud.server(config_drive=True)  # type: ignore[attr-defined]
        yield cloud


async def begin_delete(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(), cloud.made.id)


DELETE = Scenario(
    setup=built, start=begin_delete, snapshot=look, finished=GONE, undone=GONE, errors=(HostRefused("Not now."),), nudge=nudge
)


@pytest.mark.parametrize("survives", WAYS)
async def test_T1_deleting_a_server_survives_everything(survives: Way) -> None:
    await survives(DELETE)


async def begin_reboot(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await power.reboot(tx, actor(), cloud.made.id, hard=False)


REBOOT = Scenario(setup=built, start=begin_reboot, snapshot=look, finished=GONE, undone=GONE, nudge=nudge)


@pytest.mark.parametrize("scenario", [CREATE, REBOOT], ids=["being built", "being rebooted"])
async def test_a_server_is_deleted_at_any_moment_while_it_is(scenario: Scenario) -> None:
    """The running workflow is undone, and the deletion follows."""
    await survives_interruption(replace(scenario, finished=GONE, undone=GONE), begin_delete)
