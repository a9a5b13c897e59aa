"""The main job with real guests: they are reached, told who they are, reach the world, and are kept from each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from cumulet.kernel.process import CommandFailed
from support.fake_guest import Echo, accepts, pings
from support.inventory import inventory
from support.real_cloud import RealCloud, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

OUTSIDE = "172.24.4.1"
SCRIPT = '#!/bin/sh\necho "by $(id -un)" > /etc/made-by-user-data\n'


@dataclass
class Guests:
    """Beside `hello`: `drive` in the same project, with a config drive and without floating IP; `twin` in another project."""

    demo: Project
    other: Project
    drive: str
    drive_address: str
    twin: str
    twin_address: str
    twin_floating: str
    twin_group: str
    twin_ssh_rule: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guests(cloud: RealCloud) -> AsyncIterator[Guests]:
    demo, other = Project(cloud.demo, cloud.admin), Project(cloud.admin, cloud.admin)
    private = (await demo.first("/network/v2.0/networks?name=private"))["id"]
    drive = await demo.server("drive", private, config_drive=True, user_data=SCRIPT, metadata={"role": "proof"})
    same = await other.network("private", "10.0.0.0/24")
    await other.keypair("hello", (cloud.state / "hello-key.pub").read_text().strip())
    group = await other.group("hello", ("icmp", None), ("tcp", 9000))
    rule = await other.allow(group, "tcp", 22)
    twin = await other.server("twin", same, user_data=SCRIPT, address="10.0.0.77")
    await demo.becomes(drive, "ACTIVE")
    await other.becomes(twin, "ACTIVE")
    floating = await other.floating_ip(twin)
    await cloud.answers(floating, "twin")
    yield Guests(demo, other, drive, await demo.address(drive), twin, "10.0.0.77", floating, group, rule)


async def test_ssh_to_the_floating_ip_prints_the_hostname(cloud: RealCloud) -> None:
    assert await cloud.ssh("hostname") == "hello"
    assert (await inventory(cloud.config)).differences() == []


async def test_a_second_up_and_a_second_hello_change_nothing_and_say_so(cloud: RealCloud) -> None:
    before = await inventory(cloud.config)
    serving = cloud.serving()
    assert "is up already" in await cloud.must("up")
    assert "Nothing was left to do" in await cloud.hello()
    assert await inventory(cloud.config) == before
    assert cloud.serving() == serving


async def test_a_guest_is_told_by_the_metadata_service_who_it_is_and_what_to_do(cloud: RealCloud, guests: Guests) -> None:
    told = await cloud.ssh("curl -s http://169.254.169.254/openstack/latest/meta_data.json", guests.twin_floating)
    assert f'"uuid":"{guests.twin}"' in told.replace(" ", "")
    assert await cloud.ssh("curl -s http://169.254.169.254/latest/user-data", guests.twin_floating) == SCRIPT.strip()
    assert await cloud.ssh("cat /etc/made-by-user-data", guests.twin_floating) == "by root"


async def test_a_config_drive_brings_the_same_files(cloud: RealCloud, guests: Guests) -> None:
    await cloud.answers_through(guests.drive_address, "drive")
    mount = "sudo mount $(blkid -L config-2 -o device) /mnt && cd /mnt/openstack/latest &&"
    said = await cloud.ssh_through(guests.drive_address, f"{mount} sudo cat user_data && echo && sudo cat meta_data.json")
    assert said.startswith(SCRIPT)
    assert guests.drive in said
    assert '"role":"proof"' in said.replace(" ", "")
    assert await cloud.ssh_through(guests.drive_address, "cat /etc/made-by-user-data") == "by root"


async def test_a_guest_without_floating_ip_reaches_the_outside_as_its_router(cloud: RealCloud, guests: Guests) -> None:
    router = await guests.demo.first("/network/v2.0/routers?name=router")
    outer = router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]
    async with await Echo("world").start(cloud.config.namespace, OUTSIDE, 8080):
        assert await cloud.ssh_through(guests.drive_address, f"nc {OUTSIDE} 8080 </dev/null") == f"world sees {outer}"
        assert await cloud.ssh(f"nc {OUTSIDE} 8080 </dev/null") == f"world sees {cloud.address}"


async def test_two_projects_with_the_same_block_never_meet(cloud: RealCloud, guests: Guests) -> None:
    listen = "setsid sudo nc -p 9000 -lk -e echo twin >/dev/null 2>&1 </dev/null &"
    await cloud.ssh(listen, guests.twin_floating)
    await until(lambda: accepts(cloud.config.namespace, guests.twin_floating, 9000), "twin listening", 10)
    for other in (await guests.demo.address((await cloud.server("hello"))["id"]), guests.drive_address):
        assert other.startswith("10.0.0.")
        await cloud.ssh(f"! ping -c 2 -W 1 {other}", guests.twin_floating)
    await cloud.ssh("ping -c 1 -W 5 10.0.0.1")
    await cloud.ssh(f"ping -c 1 -W 5 {guests.drive_address}")
    with pytest.raises(CommandFailed, match="100% packet loss"):
        await cloud.ssh(f"ping -c 2 -W 1 {guests.twin_address} || {{ ping -c 1 -W 1 {guests.twin_address} >&2; exit 1; }}")
    with pytest.raises(CommandFailed):
        await cloud.ssh(f"nc -w 2 {guests.twin_address} 9000 </dev/null")


async def test_a_security_group_without_the_rule_blocks_and_the_rule_opens(cloud: RealCloud, guests: Guests) -> None:
    namespace, address = cloud.config.namespace, guests.twin_floating
    assert await accepts(namespace, address, 22)
    await guests.other.client.call("DELETE", f"/network/v2.0/security-group-rules/{guests.twin_ssh_rule}")

    async def is_closed() -> bool:
        return not await accepts(namespace, address, 22)

    await until(is_closed, "port 22 closed", 15)
    assert await pings(namespace, address)
    await guests.other.allow(guests.twin_group, "tcp", 22)
    await until(lambda: accepts(namespace, address, 22), "port 22 open", 15)
