"""A volume in a running guest, through a hard reboot and through the cloud's own end and return."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from cumulet.kernel.process import CommandFailed
from support.inventory import inventory
from support.real_cloud import RealCloud, processes_of, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

READ = "sudo mount -o ro /dev/vdb /mnt && cat /mnt/file && sudo umount /mnt"
WRITE = "sudo mkfs -t ext4 /dev/vdb && sudo mount /dev/vdb /mnt && echo kept | sudo tee /mnt/file && sudo umount /mnt"


@dataclass
class Attached:
    """A volume with something on it, attached to `hello`."""

    project: Project
    server: str
    volume: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attached(cloud: RealCloud) -> AsyncIterator[Attached]:
    project = Project(cloud.demo, cloud.admin)
    made = Attached(project, (await cloud.server("hello"))["id"], await project.volume("data"))
    await project.volume_becomes(made.volume, "available")
    await project.attach(made.server, made.volume)
    await project.volume_becomes(made.volume, "in-use")
    await cloud.ssh(WRITE)
    yield made


async def disks(cloud: RealCloud) -> list[str]:
    """The disks that `hello` sees."""
    return [line.split()[0] for line in (await cloud.ssh("lsblk -b --nodeps")).splitlines()[1:]]


async def booted(cloud: RealCloud) -> str:
    """What names the guest's current boot."""
    return await cloud.ssh("cat /proc/sys/kernel/random/boot_id")


async def booted_anew(cloud: RealCloud, before: str) -> None:
    async def is_so() -> bool:
        try:
            return await booted(cloud) != before
        except (CommandFailed, TimeoutError):
            return False

    await until(is_so, "the guest booted anew", 120)


async def test_a_volume_is_plugged_into_the_running_guest(cloud: RealCloud, attached: Attached) -> None:
    assert await disks(cloud) == ["vda", "vdb"]
    assert (await inventory(cloud.config)).differences() == []


async def test_a_hard_reboot_keeps_the_volume_and_what_is_on_it(cloud: RealCloud, attached: Attached) -> None:
    before = await booted(cloud)
    await attached.project.act(attached.server, "reboot", {"type": "HARD"})
    await attached.project.becomes(attached.server, "ACTIVE")
    await booted_anew(cloud, before)
    assert await disks(cloud) == ["vda", "vdb"]
    assert await cloud.ssh(READ) == "kept"


async def test_down_leaves_nothing_running_and_up_brings_the_same_server_back(cloud: RealCloud, attached: Attached) -> None:
    before, namespace = await booted(cloud), Path("/run/netns") / cloud.config.namespace
    inode = os.stat(namespace).st_ino
    networks = (await inventory(cloud.config)).rows["networks"]
    assert "is down" in await cloud.must("down")
    assert await processes_of(cloud.state, inode) == []
    assert not namespace.exists()
    assert not [left for left in os.listdir("/run/netns") if any(network[:13] in left for network in networks)]
    assert "was down already" in await cloud.must("down")

    await cloud.up()
    await attached.project.becomes(attached.server, "ACTIVE")
    await booted_anew(cloud, before)
    assert (await cloud.server("hello"))["id"] == attached.server
    assert await cloud.ssh(READ) == "kept"
    assert (await inventory(cloud.config)).differences() == []


async def test_a_detached_volume_is_gone_from_the_guest(cloud: RealCloud, attached: Attached) -> None:
    await attached.project.detach(attached.server, attached.volume)
    await attached.project.volume_becomes(attached.volume, "available")
    assert await disks(cloud) == ["vda"]
    assert (await inventory(cloud.config)).differences() == []
