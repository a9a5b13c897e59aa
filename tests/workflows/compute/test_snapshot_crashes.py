"""T1: making an image of a server, killed and failed everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from tests.support.crash import WAYS, Scenario, Way
from tests.support.server_crash import BUILT, look, nudge
from tests.support.servers import actor, compute_cloud

from cumulet.compute.operations.images import snapshot
from cumulet.compute.rules.disks import Asked
from cumulet.compute.workflows.steps.commands import HostRefused
from cumulet.image.operations import images
from cumulet.kernel.db import Page
from cumulet.kernel.errors import NotFound, Unavailable
from cumulet.volume.operations import snapshots


@asynccontextmanager
async def running() -> AsyncIterator[Any]:
    async with compute_cloud() as cloud:
        cloud.made = await cloud.server(config_drive=True)  # type: ignore[attr-defined]
        yield cloud


@asynccontextmanager
async def from_a_volume() -> AsyncIterator[Any]:
    root = Asked(source="image", place="volume", source_id="", size_mb=1024, boot_index=0)
    async with compute_cloud() as cloud:
        disks = [msgspec.structs.replace(root, source_id=cloud.image.id)]
        cloud.made = await cloud.server(config_drive=True, image_id=None, disks=disks)  # type: ignore[attr-defined]
        await cloud.clock.advance(6)
        await cloud.settle()
        yield cloud


async def begin(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        cloud.copy = await snapshot.create(tx, actor(), cloud.made.id, snapshot.Wanted("copy", {}))


async def everything(cloud: Any) -> dict[str, Any]:
    """The server, its image, and bytes that are not put away: in the store, and exported on hosts."""
    async with cloud.db.read() as tx:
        try:
            status = (await images.known(tx, cloud.copy)).status
        except NotFound:
            status = "none"
        made = [each.status for each in await snapshots.page(tx, actor(), Page())]
    store = cloud.images.default
    kept = [*await store.incoming(), *await store.complete()]
    exported = [owner for world in cloud.worlds for owner in world.disks if owner == cloud.copy]
    return {**await look(cloud), "snapshots": made, "image": status, "bytes": len(kept), "exported": exported}


@pytest.mark.parametrize("survives", WAYS)
async def test_T1_an_image_of_a_server_survives_everything(survives: Way) -> None:
    done = {**BUILT, "snapshots": [], "image": "active", "bytes": 1, "exported": []}
    await survives(
        Scenario(
            setup=running,
            start=begin,
            snapshot=everything,
            finished=done,
            undone={**done, "image": "none", "bytes": 0},
            errors=(HostRefused("This host does not want to."), RuntimeError("injected")),
            nudge=nudge,
        )
    )


@pytest.mark.parametrize("survives", WAYS)
async def test_T1_an_image_of_a_server_that_boots_from_a_volume_survives_everything(survives: Way) -> None:
    async with from_a_volume() as cloud:
        cloud.copy = ""
        before = await everything(cloud)
    await survives(
        Scenario(
            setup=from_a_volume,
            start=begin,
            snapshot=everything,
            finished={**before, "snapshots": ["available"], "image": "active", "bytes": 1},
            undone=before,
            errors=(Unavailable("The store does not answer."), RuntimeError("injected")),
            nudge=nudge,
        )
    )
