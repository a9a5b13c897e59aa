"""Volumes in a running guest: seen, written, and still there after everything was switched off and on."""

from __future__ import annotations

import pytest

from cumulet.kernel.process import CommandFailed
from support.inventory import inventory
from support.real_cloud import RealCloud, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


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


async def test_a_volume_is_plugged_in_kept_through_reboots_and_taken_out(cloud: RealCloud) -> None:
    project = Project(cloud.demo, cloud.admin)
    server, volume = (await cloud.server("hello"))["id"], await project.volume("data")
    await project.volume_becomes(volume, "available")
    await project.attach(server, volume)
    await project.volume_becomes(volume, "in-use")
    assert await disks(cloud) == ["vda", "vdb"]
    await cloud.ssh("sudo mkfs -t ext4 /dev/vdb && sudo mount /dev/vdb /mnt && echo kept | sudo tee /mnt/file && sudo umount /mnt")
    assert (await inventory(cloud.config)).differences() == []

    before = await booted(cloud)
    await project.act(server, "reboot", {"type": "HARD"})
    await project.becomes(server, "ACTIVE")
    await booted_anew(cloud, before)
    assert await disks(cloud) == ["vda", "vdb"]
    assert await cloud.ssh("sudo mount -o ro /dev/vdb /mnt && cat /mnt/file && sudo umount /mnt") == "kept"

    before = await booted(cloud)
    assert "is down" in await cloud.must("down")
    await cloud.up()
    await project.becomes(server, "ACTIVE", 60)
    await booted_anew(cloud, before)
    assert await cloud.ssh("sudo mount -o ro /dev/vdb /mnt && cat /mnt/file && sudo umount /mnt") == "kept"

    await project.detach(server, volume)
    await project.volume_becomes(volume, "available")
    assert await disks(cloud) == ["vda"]
    assert (await inventory(cloud.config)).differences() == []
