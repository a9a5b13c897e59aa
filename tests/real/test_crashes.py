"""The cloud's process is killed in the middle of things: guests do not notice, what was begun is finished, nothing leaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from support.inventory import inventory
from support.real_cloud import RealCloud, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


async def at_once(cloud: RealCloud, server_id: str) -> bool:
    return True


async def a_disk_is_there(cloud: RealCloud, server_id: str) -> bool:
    return (cloud.state / "agent" / "disks" / server_id).exists()


async def no_disk_is_there(cloud: RealCloud, server_id: str) -> bool:
    return not await a_disk_is_there(cloud, server_id)


async def a_guest_is_there(cloud: RealCloud, server_id: str) -> bool:
    return cloud.has_emulator(server_id)


async def no_guest_is_there(cloud: RealCloud, server_id: str) -> bool:
    return not cloud.has_emulator(server_id)


Moment = Callable[[RealCloud, str], Awaitable[bool]]


async def crash(cloud: RealCloud, when: Moment, server_id: str) -> None:
    """Kill the cloud once it has come so far, and start it again."""
    await until(partial(when, cloud, server_id), f"{when.__name__} before the crash", 30, pause=0.005)
    cloud.kill()
    await cloud.up()


async def nothing_leaks(cloud: RealCloud) -> None:
    """What every keeper has fits together, as soon as what was begun is over."""

    async def fits() -> bool:
        return (await inventory(cloud.config)).differences() == []

    try:
        await until(fits, "nothing leaks", 20, pause=0.5)
    except AssertionError:
        assert (await inventory(cloud.config)).differences() == []


async def test_guests_do_not_notice_that_an_idle_cloud_was_killed(cloud: RealCloud) -> None:
    before, uptime = await inventory(cloud.config), float((await cloud.ssh("cat /proc/uptime")).split()[0])
    async with cloud.session() as say:
        assert await say("before") == "before"
        cloud.kill()
        assert await say("without") == "without"
        await cloud.up()
        assert await say("after") == "after"
    assert await inventory(cloud.config) == before
    assert float((await cloud.ssh("cat /proc/uptime")).split()[0]) > uptime


@pytest.mark.parametrize(
    ("creating", "deleting"),
    [(at_once, at_once), (a_disk_is_there, no_guest_is_there), (a_guest_is_there, no_disk_is_there)],
    ids=lambda moment: moment.__name__,
)
async def test_creating_and_deleting_go_on_after_a_crash(cloud: RealCloud, creating: Moment, deleting: Moment) -> None:
    project = Project(cloud.demo, cloud.admin)
    network = (await project.first("/network/v2.0/networks?name=private"))["id"]
    server = await project.server("crashed", network)
    await crash(cloud, creating, server)
    await project.becomes(server, "ACTIVE")
    await nothing_leaks(cloud)
    await project.client.call("DELETE", f"/compute/v2.1/servers/{server}")
    await crash(cloud, deleting, server)
    await project.gone(server)
    await nothing_leaks(cloud)
    assert await cloud.ssh("hostname") == "hello"


async def test_attaching_and_detaching_a_volume_go_on_after_a_crash(cloud: RealCloud) -> None:
    project = Project(cloud.demo, cloud.admin)
    server, volume = (await cloud.server("hello"))["id"], await project.volume("data")
    await crash(cloud, at_once, server)
    await project.volume_becomes(volume, "available")
    await project.attach(server, volume)
    await crash(cloud, at_once, server)
    await project.volume_becomes(volume, "in-use")
    assert "vdb" in await cloud.ssh("lsblk")
    await nothing_leaks(cloud)
    await project.detach(server, volume)
    await crash(cloud, at_once, server)
    await project.volume_becomes(volume, "available")
    assert "vdb" not in await cloud.ssh("lsblk")
    await project.client.call("DELETE", f"/volume/v3/volumes/{volume}")
    await crash(cloud, at_once, server)
    await nothing_leaks(cloud)
    assert (await project.client.get("/volume/v3/volumes"))["volumes"] == []
