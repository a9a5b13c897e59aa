"""A real guest whose root disk is a clone in Ceph."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cumulet.kernel.ceph.pool import Pool
from cumulet.kernel.process import run
from support.ceph import Ceph
from support.killing import kill_9
from support.rbd import ceph_rbd, configured, emptied, root_pool
from support.real_cloud import RealCloud, real_cloud, until

pytestmark = pytest.mark.real


@pytest.fixture
def pool(real_ceph: Ceph) -> Pool:
    """An empty pool for root disks."""
    return root_pool(real_ceph)


@pytest.fixture
async def cloud(image: Path, real_ceph: Ceph, pool: Pool, tmp_path: Path) -> AsyncIterator[RealCloud]:
    """A cloud that keeps images and root disks in Ceph, with a guest."""
    settings = ceph_rbd(real_ceph)
    emptied(settings)
    told = {"conf": pool.client.conf, "user": pool.client.user, "keyring": pool.client.keyring, "root_pool": pool.name}
    hosts = "\n".join(["[host_ceph]", *(f'{name} = "{value}"' for name, value in told.items()), ""])
    raw = tmp_path / "tiny.raw"
    await run("qemu-img", "convert", "-O", "raw", str(image), str(raw))
    async with real_cloud(raw) as cloud:
        cloud.file = tmp_path / "cumulet.toml"
        await asyncio.to_thread(cloud.file.write_text, configured(settings) + hosts)
        await cloud.up()
        wanted = {"name": "tiny", "disk_format": "raw", "container_format": "bare", "visibility": "public"}
        await cloud.admin.call("POST", "/image/v2/images", wanted)
        await cloud.hello()
        yield cloud


def exporter(cloud: RealCloud) -> int:
    """The process id of the only one."""
    (pidfile,) = (cloud.state / "agent/exports").glob("*.pid")
    return int(pidfile.read_text().split()[0])


async def test_a_guest_runs_on_a_clone(cloud: RealCloud, pool: Pool, real_ceph: Ceph) -> None:
    server = await cloud.server("hello")
    (name,) = pool.names()
    assert name == f"disks.{server['id']}.root"
    info = json.loads(real_ceph.run("rbd", "info", "--format", "json", f"{pool.name}/{name}"))
    print(info, real_ceph.run("rbd", "du", f"{pool.name}/{name}"), await cloud.ssh("df; mount"))
    print(Path(f"/proc/{exporter(cloud)}/status").read_text())
