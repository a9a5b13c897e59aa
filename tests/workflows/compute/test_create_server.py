"""Building servers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.servers import ADMIN, DEMO, ComputeCloud, actor, flavor_fields

from cumulet.agent.fake import Capacity, World
from cumulet.compute.operations import flavors
from cumulet.compute.operations.servers import delete
from cumulet.compute.operations.servers.wanted import Place
from cumulet.compute.rules.disks import Asked
from cumulet.compute.rules.sizes import overhead_mb
from cumulet.compute.store import quotas
from cumulet.contract.commands import CreateRootDisk, StartGuest
from cumulet.kernel.errors import Conflict, Invalid, OverQuota
from cumulet.network.operations import ports
from cumulet.placement.operations import claims, hosts
from cumulet.volume.operations import attachments
from cumulet.volume.operations import volumes as volume_service


def world_of(cloud: ComputeCloud, host_id: str | None) -> World:
    return next(world for world in cloud.worlds if world.host_id == host_id)


async def claimed(cloud: ComputeCloud, server_id: str) -> dict[str, dict[str, int]]:
    async with cloud.db.read() as tx:
        return await claims.claims_of(tx, server_id)


async def test_a_server_is_built_on_a_host_and_runs_there(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    assert (server.state, server.task, server.fault) == ("active", None, None)
    guest = world_of(cloud, server.host_id).guests[server.id]
    assert guest.state == "running"
    assert (guest.spec.vcpus, guest.spec.memory_mb) == (1, 512)
    assert [port.network_id for port in guest.spec.ports] == [cloud.network.id]


async def test_C2_C10_a_running_server_has_a_claim_of_its_size_and_of_its_overhead(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    held = await claimed(cloud, server.id)
    assert held == {server.host_id: {"VCPU": 1, "MEMORY_MB": 512 + overhead_mb(1, 512), "DISK_GB": 1}}


async def test_servers_are_spread_over_hosts(cloud: ComputeCloud) -> None:
    found = {(await cloud.server()).host_id for _ in range(2)}
    assert found == {world.host_id for world in cloud.worlds}


async def test_a_host_that_refuses_is_left_for_the_next_one_and_nothing_stays_there(cloud: ComputeCloud) -> None:
    made = (await cloud.ask()).servers[0]
    first, second = sorted(cloud.worlds, key=lambda world: world.host_id)
    first.faults.fail(StartGuest, 9)
    await cloud.settle()
    server = await cloud.look(made.id)
    assert (server.state, server.host_id) == ("active", second.host_id)
    assert not first.guests
    assert not first.disks
    assert set(await claimed(cloud, server.id)) == {second.host_id}


async def test_when_every_host_refuses_the_server_says_why_and_nothing_is_left(cloud: ComputeCloud) -> None:
    for world in cloud.worlds:
        world.faults.fail(CreateRootDisk, 9, code="no_space", message="The disk is full.")
    server = await cloud.server()
    assert (server.state, server.host_id) == ("error", None)
    assert server.fault is not None
    assert server.fault["code"] == 500
    assert "No valid host was found" in server.fault["message"]
    assert "The disk is full." in server.fault["message"]
    assert await claimed(cloud, server.id) == {}
    async with cloud.db.read() as tx:
        assert (await ports.interfaces(tx, [server.id]))[server.id] == []


async def test_no_capacity_names_what_was_lacking(cloud: ComputeCloud) -> None:
    async with cloud.db.tx() as tx:
        for resource in ("ram", "cores"):
            await quotas.set_limit(tx, DEMO, "", resource, -1)
        await flavors.create(tx, flavor_fields(name="huge", ram=10**9), "huge")
    server = await cloud.server(flavor_id="huge")
    assert server.state == "error"
    assert server.fault is not None
    assert server.fault["message"].startswith("No valid host was found. ")
    assert "MEMORY_MB" in server.fault["message"]


async def test_a_corrupt_image_is_not_tried_on_the_next_host(cloud: ComputeCloud) -> None:
    for world in cloud.worlds:
        world.corrupt_images.add(cloud.image.id)
    server = await cloud.server()
    assert server.fault is not None
    assert "does not have the content" in server.fault["message"]
    assert server.fault["message"].count("Before that") == 0


async def test_C3_M10_a_forced_host_that_is_full_refuses(cloud: ComputeCloud) -> None:
    small = await cloud.add_host(World("small", clock=cloud.clock, capacity=Capacity(4, 1024, 100)))
    server = await cloud.server(who=actor(ADMIN, "admin"), place=Place(forced="small"), networks="none", flavor_id="small")
    assert server.state == "error"
    assert server.fault is not None
    assert "MEMORY_MB" in server.fault["message"]
    assert not small.guests


async def test_C3_a_forced_host_may_be_disabled(cloud: ComputeCloud) -> None:
    async with cloud.db.tx() as tx:
        await hosts.set_enabled(tx, cloud.worlds[0].host_id, False, "being repaired")
    forced = await cloud.server(who=actor(ADMIN, "admin"), place=Place(forced="fake1"), networks="none")
    assert (forced.state, forced.host_name) == ("active", "fake1")
    for _ in range(2):
        assert (await cloud.server()).host_name == "fake2"


async def test_a_named_host_must_suit_and_an_unknown_one_is_refused(cloud: ComputeCloud) -> None:
    for _ in range(2):
        assert (await cloud.server(place=Place(host="fake2"))).host_name == "fake2"
    with pytest.raises(Invalid, match="Compute host nowhere could not be found"):
        await cloud.ask(place=Place(host="nowhere"))


async def test_hints_keep_servers_together_or_apart(cloud: ComputeCloud) -> None:
    first = await cloud.server()
    for _ in range(2):
        assert (await cloud.server(hints={"same_host": first.id})).host_id == first.host_id
        assert (await cloud.server(hints={"different_host": [first.id]})).host_id != first.host_id


async def test_an_unknown_zone_is_refused_and_the_default_one_is_not(cloud: ComputeCloud) -> None:
    with pytest.raises(Invalid, match="availability zone"):
        await cloud.ask(place=Place(zone="mars"))
    server = await cloud.server(place=Place(zone="nova"))
    assert (server.zone, server.pinned_zone) == ("nova", "nova")


async def test_C12_a_request_over_the_quota_makes_nothing(cloud: ComputeCloud) -> None:
    async with cloud.db.tx() as tx:
        await quotas.set_limit(tx, DEMO, "", "instances", 1)
    await cloud.server()
    with pytest.raises(OverQuota, match="instances: 1 wanted, 1 of 1 used"):
        await cloud.ask()
    async with cloud.db.read() as tx:
        assert (await quotas.usage(tx, DEMO)).servers == 1


async def test_as_many_servers_are_made_as_the_quota_allows(cloud: ComputeCloud) -> None:
    async with cloud.db.tx() as tx:
        await quotas.set_limit(tx, DEMO, "", "instances", 3)
    made = await cloud.ask(least=2, most=5)
    assert [server.name for server in made.servers] == ["web-1", "web-2", "web-3"]
    assert len({server.reservation_id for server in made.servers}) == 1
    assert [server.launch_index for server in made.servers] == [0, 1, 2]


async def test_a_server_boots_from_a_volume_that_exists_and_leaves_it(cloud: ComputeCloud) -> None:
    volume = await new_volume(cloud)
    server = await cloud.server(image_id=None, disks=[boot_from(volume)])
    assert (server.state, server.host_id) == ("active", volume.host_id)
    [disk] = world_of(cloud, server.host_id).guests[server.id].spec.disks
    assert disk.volume_id == volume.id
    assert await status(cloud, volume.id) == "in-use"
    await gone(cloud, server.id)
    assert await status(cloud, volume.id) == "available"


async def test_a_volume_goes_with_its_server_if_that_was_asked_for(cloud: ComputeCloud) -> None:
    volume = await new_volume(cloud)
    server = await cloud.server(image_id=None, disks=[boot_from(volume, delete_on_termination=True)])
    await gone(cloud, server.id)
    assert await status(cloud, volume.id) == "deleted"


async def test_a_volume_is_made_from_the_image_and_booted(cloud: ComputeCloud) -> None:
    root = Asked(source="image", place="volume", source_id=cloud.image.id, size_mb=1024, boot_index=0)
    data = Asked(source="blank", place="volume", size_mb=2048)
    server = await built_later(cloud, image_id=None, disks=[root, data])
    assert server.state == "active"
    async with cloud.db.read() as tx:
        kept = await attachments.of_server(tx, server.id)
    assert [(a.status, a.device) for a in kept] == [("attached", "/dev/vda"), ("attached", "/dev/vdb")]
    assert list(await claimed(cloud, server.id)) == [server.host_id]
    assert "DISK_GB" not in (await claimed(cloud, server.id))[server.host_id or ""]


async def test_D24_a_failed_build_deletes_only_volumes_it_made_itself(cloud: ComputeCloud) -> None:
    volume = await new_volume(cloud)
    for world in cloud.worlds:
        world.faults.fail(StartGuest, 9)
    root = Asked(source="volume", place="volume", source_id=volume.id, boot_index=0, delete_on_termination=True)
    data = Asked(source="blank", place="volume", size_mb=1024)
    server = await built_later(cloud, image_id=None, disks=[root, data])
    assert server.state == "error"
    async with cloud.db.read() as tx:
        left = await volume_service.page(tx, actor(), _everything())
    assert [(v.id, v.status) for v in left] == [(volume.id, "available")]


async def test_a_volume_with_nothing_on_it_cannot_be_booted_from(cloud: ComputeCloud) -> None:
    async with cloud.db.tx() as tx:
        blank = await volume_service.create(tx, actor(), volume_service.NewVolume(size_gb=1))
    await cloud.settle()
    with pytest.raises(Invalid, match="is not bootable"):
        await cloud.ask(image_id=None, disks=[boot_from(blank)])


async def test_a_volume_that_is_taken_cannot_be_booted_from(cloud: ComputeCloud) -> None:
    volume = await new_volume(cloud)
    await cloud.server(image_id=None, disks=[boot_from(volume)])
    with pytest.raises(Invalid, match="must be available"):
        await cloud.ask(image_id=None, disks=[boot_from(volume)])


async def test_a_port_of_the_users_is_taken_and_given_back(cloud: ComputeCloud) -> None:
    from tests.support.networks import add_port

    async with cloud.db.tx() as tx:
        port = await add_port(tx, cloud.network)
    server = await cloud.server(networks=[ports.Wish(port_id=port.id)])
    assert [p.port_id for p in world_of(cloud, server.host_id).guests[server.id].spec.ports] == [port.id]
    with pytest.raises(Conflict, match="in use"):
        await cloud.ask(networks=[ports.Wish(port_id=port.id)])
    await gone(cloud, server.id)
    async with cloud.db.read() as tx:
        assert (await ports.get(tx, actor(), port.id)).row.device_id == ""


async def test_a_server_without_networks_has_no_ports(cloud: ComputeCloud) -> None:
    server = await cloud.server(networks="none")
    assert world_of(cloud, server.host_id).guests[server.id].spec.ports == []


async def test_a_build_that_never_comes_up_is_undone(cloud: ComputeCloud) -> None:
    made = (await cloud.ask()).servers[0]
    await cloud.engine.run_pending()
    assert (await cloud.look(made.id)).task == "spawning"
    await cloud.clock.advance(400)
    await cloud.engine.run_pending()
    server = await cloud.look(made.id)
    assert server.state == "error"
    assert all(not world.guests and not world.disks for world in cloud.worlds)


async def built_later(cloud: ComputeCloud, **fields: Any) -> Any:
    """A server that waits for volumes, which it looks at every second."""
    server = await cloud.server(**fields)
    await cloud.clock.advance(1)
    await cloud.settle()
    return await cloud.look(server.id)


async def new_volume(cloud: ComputeCloud) -> Any:
    async with cloud.db.tx() as tx:
        made = await volume_service.create(tx, actor(), volume_service.NewVolume(size_gb=1, image_id=cloud.image.id), cloud.images)
    await cloud.settle()
    async with cloud.db.read() as tx:
        return await volume_service.get(tx, actor(), made.id)


def boot_from(volume: Any, **fields: Any) -> Asked:
    return Asked(source="volume", place="volume", source_id=volume.id, boot_index=0, **fields)


async def status(cloud: ComputeCloud, volume_id: str) -> str:
    async with cloud.db.read() as tx:
        return await volume_service.status(tx, volume_id)


async def gone(cloud: ComputeCloud, server_id: str) -> None:
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(), server_id)
    await cloud.settle()
    assert (await cloud.look(server_id)).state == "deleted"


def _everything() -> Any:
    from cumulet.kernel.db import Page

    return Page()
