"""T1: attaching and detaching volumes and interfaces, killed and failed everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.crash import WAYS, Scenario, Way
from tests.support.server_crash import BUILT, look, nudge
from tests.support.servers import actor, compute_cloud

from cumulet.compute.operations.devices import interfaces, volumes
from cumulet.compute.operations.devices.volumes import NewAttachment
from cumulet.compute.workflows.steps.commands import GuestRefused
from cumulet.network.operations.ports import Wish
from cumulet.volume.operations import volumes as volume_service

ATTACHED = {
    **BUILT,
    "volumes": [("attached", "here")],
    "disks": [("config", True), ("root", True), ("volume", True)],
    "guest disks": ["config", "root", "volume"],
}
TWO_PORTS = {**BUILT, "ports": ["here", "here"], "guest ports": 2}


@asynccontextmanager
async def with_volume() -> AsyncIterator[Any]:
    """A running server, and a volume on its host."""
    async with compute_cloud() as cloud:
        cloud.made = await cloud.server(config_drive=True)  # type: ignore[attr-defined]
        async with cloud.db.tx() as tx:
            cloud.volume = await volume_service.create(tx, actor(), volume_service.NewVolume(size_gb=1))  # type: ignore[attr-defined]
        await cloud.settle()
        yield cloud


async def attach(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await volumes.attach(tx, actor(), cloud.made.id, NewAttachment(cloud.volume.id))


@asynccontextmanager
async def attached() -> AsyncIterator[Any]:
    async with with_volume() as cloud:
        await attach(cloud)
        await cloud.settle()
        yield cloud


async def detach(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await volumes.detach(tx, actor(), cloud.made.id, cloud.volume.id)


@asynccontextmanager
async def running() -> AsyncIterator[Any]:
    async with compute_cloud() as cloud:
        cloud.made = await cloud.server(config_drive=True)  # type: ignore[attr-defined]
        yield cloud


async def plug(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        cloud.port = await interfaces.attach(tx, actor(), cloud.made.id, Wish(network_id=cloud.network.id))


@asynccontextmanager
async def plugged() -> AsyncIterator[Any]:
    async with running() as cloud:
        await plug(cloud)
        await cloud.settle()
        yield cloud


async def unplug(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await interfaces.detach(tx, actor(), cloud.made.id, cloud.port.port_id)


CASES: dict[str, tuple[Any, Any, dict[str, Any], dict[str, Any]]] = {
    "attaching a volume": (with_volume, attach, ATTACHED, BUILT),
    "detaching a volume": (attached, detach, BUILT, ATTACHED),
    "attaching an interface": (running, plug, TWO_PORTS, BUILT),
    "detaching an interface": (plugged, unplug, BUILT, TWO_PORTS),
}


@pytest.mark.parametrize("survives", WAYS)
@pytest.mark.parametrize("name", CASES)
async def test_T1_changing_devices_survives_everything(name: str, survives: Way) -> None:
    setup, begin, finished, undone = CASES[name]
    errors = (GuestRefused("It does not let go."),)
    await survives(Scenario(setup=setup, start=begin, snapshot=look, finished=finished, undone=undone, errors=errors, nudge=nudge))
