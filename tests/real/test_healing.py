"""What guests need is killed under them: it is started again, the operator is told, and guests are reached as before."""

from __future__ import annotations

import pytest

from cumulet.kernel.process import CommandFailed
from support.inventory import inventory
from support.killing import kill_9
from support.real_cloud import RealCloud, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


async def test_a_killed_guest_is_off_within_15_seconds_and_starts_again(cloud: RealCloud) -> None:
    project = Project(cloud.demo, cloud.admin)
    server = (await cloud.server("hello"))["id"]
    kill_9(cloud.emulator(server))
    await project.becomes(server, "SHUTOFF", 15)
    assert (await inventory(cloud.config)).differences() == []
    await project.act(server, "os-start")
    await project.becomes(server, "ACTIVE")
    await cloud.answers()
    assert (await inventory(cloud.config)).differences() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("libvirtd", "libvirtd had died"),
        ("ovn-controller", "ovn-controller was missing"),
        ("vswitchd", "vswitchd was missing"),
        ("ovsdb", "ovsdb was missing"),
        ("nb", "ovn-nb was not running"),
        ("sb", "ovn-sb was not running"),
        ("northd", "ovn-northd was not running"),
    ],
)
async def test_a_killed_daemon_is_started_again_and_status_tells(cloud: RealCloud, name: str, told: str) -> None:
    emulator = cloud.emulator((await cloud.server("hello"))["id"])
    kill_9(cloud.daemon(name).pid())

    seen = ""

    async def is_told() -> bool:
        nonlocal seen
        seen = (await cloud.command("status")).text
        return told in seen

    try:
        await until(is_told, told, 30)
    except AssertionError:
        pytest.fail(f"{told!r} is not told:\n{seen}\n{cloud.log()}")
    assert cloud.daemon(name).alive()
    await cloud.answers(seconds=30)
    assert cloud.emulator((await cloud.server("hello"))["id"]) == emulator


async def test_networks_change_as_before_once_everything_was_killed(cloud: RealCloud) -> None:
    project = Project(cloud.demo, cloud.admin)
    server = (await cloud.server("hello"))["id"]
    floating = await project.first("/network/v2.0/floatingips")
    await project.client.call("PUT", f"/network/v2.0/floatingips/{floating['id']}", {"floatingip": {"port_id": None}})

    async def is_cut_off() -> bool:
        try:
            return await cloud.ssh("hostname", seconds=3) == ""
        except (CommandFailed, TimeoutError):
            return True

    await until(is_cut_off, "the old address cut off", 30)
    address = await project.floating_ip(server)
    await cloud.answers(address, seconds=30)
    assert (await inventory(cloud.config)).differences() == []
