"""Full disks: a clear refusal in upstream's words, nothing half-done left, and work goes on once there is room."""

# ruff: noqa: ASYNC221
from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cumulet.app.operator.client import Client, RequestFailed
from support.inventory import inventory
from support.real_cloud import RealCloud, real_cloud
from support.real_project import Project

pytestmark = pytest.mark.real

MIB = 1 << 20


@asynccontextmanager
async def on_a_small_disk(cloud: RealCloud, folder: str, mib: int) -> AsyncIterator[Path]:
    """A folder of the state on a disk of so many MiB in memory, until the cloud has been taken down."""
    path = cloud.state / folder
    path.mkdir(parents=True, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "none", path], check=True)
    try:
        yield path
    finally:
        await cloud.command("down", "--remove-state")
        assert [*path.iterdir()] == [], "a mounted folder is emptied and stays"
        subprocess.run(["umount", path], check=True)


async def test_an_upload_to_a_full_store_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "image.raw"
    file.write_bytes(os.urandom(8 * MIB))
    async with real_cloud() as cloud, on_a_small_disk(cloud, "images", 4) as store:
        await cloud.must("up", "--fake")
        demo = await Client.log_in(cloud.config.url, cloud.credentials("demo"))
        wanted = {"name": "big", "disk_format": "raw", "container_format": "bare"}
        image = await demo.call("POST", "/image/v2/images", wanted)
        with pytest.raises(RequestFailed, match="The image store is full") as refused:
            await demo.upload(f"/image/v2/images/{image['id']}/file", file)
        assert refused.value.status == 413
        assert (await demo.get(f"/image/v2/images/{image['id']}"))["status"] == "queued"
        assert [path for path in store.rglob("*") if path.is_file()] == []
        subprocess.run(["mount", "-o", "remount,size=32m", store], check=True)
        await demo.upload(f"/image/v2/images/{image['id']}/file", file)
        assert (await demo.get(f"/image/v2/images/{image['id']}"))["status"] == "active"


def fill(path: Path, mib: int) -> None:
    """A file that takes so many MiB of its disk."""
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, mib * MIB)


async def prepare(admin: Project, image: Path) -> str:
    """A flavor, an image and a network without a router; the network's id."""
    await admin.make("/compute/v2.1/flavors", "flavor", name="m1.tiny", vcpus=1, ram=128, disk=1)
    tiny = await admin.client.call("POST", "/image/v2/images", {"name": "tiny", "disk_format": "qcow2", "container_format": "bare"})
    await admin.client.upload(f"/image/v2/images/{tiny['id']}/file", image)
    network = await admin.make("/network/v2.0/networks", "network", name="n")
    await admin.make("/network/v2.0/subnets", "subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    return str(network["id"])


async def test_a_server_that_does_not_fit_on_the_host_says_so_and_leaves_nothing(image: Path) -> None:
    async with real_cloud(image) as cloud, on_a_small_disk(cloud, "agent", 1100) as disk:
        fill(disk / "filler", 580)  # of what is left, the agent keeps 512 MiB free
        await cloud.up()
        admin = Project(cloud.admin, cloud.admin)
        network = await prepare(admin, image)
        plain = {"key_name": None, "security_groups": [{"name": "default"}]}
        server = await admin.server("large", network, **plain)
        fault = (await admin.fails(server))["fault"]
        assert fault["code"] == 500
        assert "do not fit on the host's disk" in fault["message"]
        left = await inventory(cloud.config)
        assert left.differences() == []
        assert (left.claims, left.guests, left.taps) == ([], {}, [])
        assert [path for path in left.files if not path.startswith("quarantine")] == []
        (disk / "filler").unlink()
        await admin.delete(server)
        await admin.becomes(await admin.server("large", network, **plain), "ACTIVE", 120)
        assert (await inventory(cloud.config)).differences() == []
