"""A real guest whose root disk is a clone in Ceph."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cumulet.kernel.ceph.pool import Pool
from cumulet.kernel.process import run
from support.ceph import Ceph
from support.killing import kill_9
from support.rbd import ceph_rbd, configured, emptied, root_pool
from support.real_cloud import RealCloud, real_cloud, until
from support.real_project import Project

pytestmark = pytest.mark.real


@pytest.fixture
def pool(real_ceph: Ceph) -> Iterator[Pool]:
    """An empty pool for root disks."""
    with root_pool(real_ceph) as pool:
        yield pool


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


def exporters(cloud: RealCloud) -> list[int]:
    """Their process ids."""
    return [int(pidfile.read_text().split()[0]) for pidfile in (cloud.state / "agent/exports").glob("*.pid")]


async def writes(cloud: RealCloud, text: str) -> None:
    """The guest writes to its disk, and has it there when it says so."""
    assert await cloud.ssh(f"echo {text} >written && sync && cat written", seconds=90) == text


async def test_K3_a_guest_goes_on_writing_to_its_clone_whatever_dies_around_it(
    cloud: RealCloud, pool: Pool, real_ceph: Ceph
) -> None:
    project, server = Project(cloud.demo, cloud.admin), (await cloud.server("hello"))["id"]
    disk = f"{pool.name}/disks.{server}.root"
    (used,) = json.loads(real_ceph.run("rbd", "du", "--format", "json", disk))["images"]
    image = await project.first("/image/v2/images?name=tiny")
    assert json.loads(real_ceph.run("rbd", "info", "--format", "json", disk))["parent"]["image"].startswith(
        f"cloud.images.{image['id']}"
    )
    assert used["used_size"] < image["size"] / 2, (used, image["size"])

    await writes(cloud, "before")
    emulator, before = cloud.emulator(server), exporters(cloud)
    cloud.kill()
    await writes(cloud, "without-agent")
    await cloud.up()
    assert exporters(cloud) == before
    kill_9(before[0])
    await writes(cloud, "without-exporter")
    assert exporters(cloud) not in ([], before)
    assert cloud.emulator(server) == emulator
    assert await cloud.ssh("dmesg | grep -ci error || true") == "0"

    await project.act(server, "os-stop")
    await project.becomes(server, "SHUTOFF")
    assert exporters(cloud) == []
    await project.act(server, "os-start")
    await project.becomes(server, "ACTIVE")
    await cloud.answers()
    assert await cloud.ssh("cat written") == "without-exporter"

    await cloud.admin.call("DELETE", f"/image/v2/images/{image['id']}")
    await writes(cloud, "without-image")
    await project.delete(server)
    (kept,) = json.loads(await cloud.must("quarantine", "list", "--json"))["quarantine"]
    assert exporters(cloud) == []
    assert (kept["kind"], kept["owner"], pool.names()) == ("root", server, [f"disks-quarantine.{kept['object_id']}"])
    await cloud.must("quarantine", "purge", kept["object_id"], "--yes")
    assert pool.names() == []


@pytest.mark.parametrize("come_so_far", ["disks-making.", "disks."])
async def test_T1_a_clone_whose_maker_is_killed_is_finished_or_never_was(cloud: RealCloud, pool: Pool, come_so_far: str) -> None:
    project, first = Project(cloud.demo, cloud.admin), (await cloud.server("hello"))["id"]
    network = (await project.first("/network/v2.0/networks?name=private"))["id"]
    server = await project.server("crashed", network)

    async def begun() -> bool:
        names = await asyncio.to_thread(pool.names)
        return any(name.startswith(come_so_far) and first not in name for name in names)

    await until(begun, "a clone is begun", 30, pause=0.002)
    cloud.kill()
    await cloud.up()
    await project.becomes(server, "ACTIVE", 120)
    assert sorted(pool.names()) == sorted(f"disks.{each}.root" for each in (first, server))
    await project.delete(server)
    assert sorted(name.partition(".")[0] for name in pool.names()) == ["disks", "disks-quarantine"]
