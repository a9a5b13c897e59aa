"""Which host a volume is made on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.servers import ComputeCloud, actor, compute_cloud

from cumulet.agent.fake import Capacity, World
from cumulet.kernel.errors import Invalid
from cumulet.placement.operations import hosts
from cumulet.volume.model import Volume
from cumulet.volume.operations import types, volumes, zones
from cumulet.volume.operations.volumes import NewVolume


@pytest.fixture
async def cloud() -> AsyncIterator[ComputeCloud]:
    """A small host, and a large one in a zone of its own."""
    async with compute_cloud(hosts=0) as made:
        await made.add_host(World("small", clock=made.clock, capacity=Capacity(disk_gb=50)))
        large = await made.add_host(World("large", clock=made.clock, capacity=Capacity(disk_gb=500)))
        async with made.db.tx() as tx:
            await hosts.set_zone(tx, large.host_id, "cellar")
        yield made


async def make(cloud: ComputeCloud, **wanted: Any) -> Volume:
    async with cloud.db.tx() as tx:
        made = await volumes.create(tx, actor(), NewVolume(**{"size_gb": 1, **wanted}))
    await cloud.settle()
    async with cloud.db.read() as tx:
        return await volumes.get(tx, actor(), made.id)


def name_of(cloud: ComputeCloud, volume: Volume) -> str | None:
    return next((world.hostname for world in cloud.worlds if world.host_id == volume.host_id), None)


async def test_the_host_with_most_room_gets_the_volume(cloud: ComputeCloud) -> None:
    made = await make(cloud)
    assert (name_of(cloud, made), made.zone, made.status) == ("large", "cellar", "available")


async def test_a_zone_keeps_a_volume_in_it(cloud: ComputeCloud) -> None:
    assert name_of(cloud, await make(cloud, zone="nova")) == "small"
    full = await make(cloud, zone="nova", size_gb=100)
    assert (full.status, full.host_id) == ("error", None)
    assert "100 GiB" in (full.fault or "")
    async with cloud.db.tx() as tx:
        with pytest.raises(Invalid, match="attic"):
            await volumes.create(tx, actor(), NewVolume(size_gb=1, zone="attic"))


async def test_a_type_can_name_zones(cloud: ComputeCloud) -> None:
    async with cloud.db.tx() as tx:
        specs = {"RESKEY:availability_zones": "nova, attic"}
        await types.create(tx, "upstairs", {"description": None, "is_public": True, "extra_specs": specs})
    assert name_of(cloud, await make(cloud, volume_type="upstairs")) == "small"


async def test_no_volume_is_made_on_a_host_that_is_disabled_frozen_or_gone(cloud: ComputeCloud) -> None:
    for act, value in ((zones.set_enabled, (False, "dusty")), (zones.set_frozen, (True,))):
        async with cloud.db.tx() as tx:
            await act(tx, await zones.named(tx, "large@files"), *value)  # type: ignore[operator]
        assert name_of(cloud, await make(cloud)) == "small"
        async with cloud.db.tx() as tx:
            await zones.set_enabled(tx, await zones.named(tx, "large"), True, None)
    for agent in cloud._agents:
        await agent.stop()
    await cloud.clock.advance(10_000)
    lost = await make(cloud)
    assert lost.status == "error"
    assert "no host" in (lost.fault or "")


async def test_a_copy_is_where_its_original_is(cloud: ComputeCloud) -> None:
    original = await make(cloud, zone="nova")
    assert name_of(cloud, await make(cloud, source_id=original.id, size_gb=None)) == "small"


async def test_what_a_silent_host_may_have_made_is_taken_away_once_it_answers_again(cloud: ComputeCloud) -> None:
    for agent in cloud._agents:
        await agent.stop()
    made = await make(cloud)
    assert made.status == "creating"
    for world in list(cloud.worlds):
        await cloud.add_host(world)
    await cloud.clock.advance(60)
    await cloud.settle()
    async with cloud.db.read() as tx:
        failed = await volumes.get(tx, actor(), made.id)
    assert (failed.status, failed.fault) == ("error", "The host does not answer.")
