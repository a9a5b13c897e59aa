"""What hosts report, and what becomes of it."""

from __future__ import annotations

from tests.support.servers import ComputeCloud, actor

from cumulet.agent.fake import World
from cumulet.compute.operations import guests
from cumulet.compute.operations.servers import delete, power
from cumulet.contract.commands import Guest
from cumulet.placement.operations import claims


def home(cloud: ComputeCloud, host_id: str | None) -> World:
    return next(world for world in cloud.worlds if world.host_id == host_id)


async def test_a_guest_that_shuts_itself_down_is_seen_within_15_seconds(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    await cloud.clock.advance(60)
    home(cloud, server.host_id).power_off(server.id)
    await cloud.clock.advance(15)
    seen = await cloud.look(server.id)
    assert (seen.state, seen.power, seen.task) == ("stopped", 4, None)


async def test_a_guest_that_shuts_down_right_after_its_start_is_seen_within_15_seconds_too(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    home(cloud, server.host_id).power_off(server.id)
    await cloud.clock.advance(15)
    assert (await cloud.look(server.id)).state == "stopped"


async def test_a_crashed_guest_is_told_from_one_that_was_shut_down(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    await cloud.clock.advance(60)
    home(cloud, server.host_id).crash(server.id)
    await cloud.clock.advance(15)
    seen = await cloud.look(server.id)
    assert (seen.state, seen.power) == ("stopped", 6)


async def test_a_stopped_server_whose_guest_runs_again_is_active(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    async with cloud.db.tx() as tx:
        await power.stop(tx, actor(), server.id)
    await cloud.settle()
    assert (await cloud.look(server.id)).state == "stopped"
    await cloud.clock.advance(60)
    home(cloud, server.host_id).guests[server.id].state = "running"
    await cloud.clock.advance(15)
    assert (await cloud.look(server.id)).state == "active"


async def test_a_server_whose_guest_is_gone_does_not_run(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    await cloud.clock.advance(60)
    home(cloud, server.host_id).guests.clear()
    await cloud.clock.advance(15)
    seen = await cloud.look(server.id)
    assert (seen.state, seen.power) == ("stopped", 0)


async def test_a_report_from_before_the_last_change_is_not_believed(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    assert server.host_id is not None
    old = home(cloud, server.host_id).guests[server.id].seen()
    async with cloud.db.tx() as tx:
        await guests.observe(tx, server.host_id, [Guest(old.name, "shutdown", 1, 512, server.id)])
    assert (await cloud.look(server.id)).state == "active"


async def test_what_is_under_way_is_not_disturbed(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    await cloud.clock.advance(60)
    async with cloud.db.tx() as tx:
        await power.stop(tx, actor(), server.id)
        assert server.host_id is not None
        await guests.observe(tx, server.host_id, [])
    seen = await cloud.look(server.id)
    assert (seen.state, seen.task, seen.power) == ("active", "powering-off", 1)


async def test_C9_unknown_guests_are_counted_and_left_alone(cloud: ComputeCloud) -> None:
    world = cloud.worlds[0]
    world.add_stranger("somebody's", memory_mb=4096)
    await cloud.clock.advance(15)
    async with cloud.db.read() as tx:
        [stranger] = await guests.unmanaged(tx, world.host_id)
    assert (stranger["name"], stranger["memory_mb"], stranger["server_id"]) == ("somebody's", 4096, None)
    assert [guest.name for guest in world.strangers] == ["somebody's"]


async def test_C9_a_guest_of_a_server_that_is_elsewhere_is_unknown_too(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    other = next(world for world in cloud.worlds if world.host_id != server.host_id)
    async with cloud.db.tx() as tx:
        await guests.observe(tx, other.host_id, [Guest("zombie", "running", 1, 512, server.id)])
        assert [guest["name"] for guest in await guests.unmanaged(tx, other.host_id)] == ["zombie"]
    seen = await cloud.look(server.id)
    assert (seen.host_id, seen.state) == (server.host_id, "active")


async def test_C5_reports_never_change_claims(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    async with cloud.db.read() as tx:
        before = await claims.claims_of(tx, server.id)
    home(cloud, server.host_id).guests.clear()
    await cloud.clock.advance(120)
    async with cloud.db.read() as tx:
        assert await claims.claims_of(tx, server.id) == before


async def test_a_deleted_server_is_not_looked_for(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(), server.id)
    await cloud.settle()
    await cloud.clock.advance(60)
    assert (await cloud.look(server.id)).state == "deleted"


async def test_heartbeats_that_bring_nothing_new_write_no_server(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    await cloud.clock.advance(60)
    before = await cloud.look(server.id)
    await cloud.clock.advance(60)
    assert await cloud.look(server.id) == before


async def test_C9_M16_what_unknown_guests_have_is_taken_off_what_the_host_sells_until_they_are_gone(cloud: ComputeCloud) -> None:
    world = cloud.worlds[0]
    async with cloud.db.read() as tx:
        before = (await claims.usage(tx, world.host_id))["MEMORY_MB"].free
    world.add_stranger("somebody's", memory_mb=4096, vcpus=2)
    await cloud.clock.advance(15)
    async with cloud.db.read() as tx:
        figures = await claims.usage(tx, world.host_id)
        assert figures["MEMORY_MB"].free == before - 4096
        assert figures["VCPU"].unmanaged == 2
    world.strangers.clear()
    await cloud.clock.advance(15)
    async with cloud.db.read() as tx:
        assert (await claims.usage(tx, world.host_id))["MEMORY_MB"].free == before


async def test_C9_a_guest_that_outlives_its_server_is_taken_off_once_it_should_be_gone(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    world = home(cloud, server.host_id)
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(), server.id)
    await cloud.settle()
    world.strangers.append(Guest("zombie", "running", 1, 512, server.id))
    for seconds, taken in ((5, 0), (15, 512)):
        await cloud.clock.advance(seconds)
        async with cloud.db.read() as tx:
            assert (await claims.usage(tx, world.host_id))["MEMORY_MB"].unmanaged == taken, f"after {seconds} more"
