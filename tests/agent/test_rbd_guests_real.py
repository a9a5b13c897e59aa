"""A real host whose guests boot from clones in a real Ceph."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

pytest.importorskip("libvirt")

from cumulet.agent import accelerator
from cumulet.agent.disks.disks import Settings
from cumulet.agent.disks.shelves import block
from cumulet.contract import commands as c
from cumulet.contract.guests import DiskSpec, GuestSpec, ImageSource
from cumulet.kernel.ceph.pool import Pool
from cumulet.kernel.ids import new_uuid
from support.agent_lab import Lab, running_lab
from support.rbd import ceph_rbd, emptied, root_pool
from support.real_cloud import until

pytestmark = pytest.mark.real


@pytest.fixture
def image(real_ceph) -> ImageSource:
    """A boot sector."""
    store, content = emptied(ceph_rbd(real_ceph)), accelerator.boot_sector().ljust(1 << 20, b"\0")
    sink = store.begin("boot")
    sink.write(content)
    sink.keep()
    return ImageSource("boot", store.url("boot"), len(content), hashlib.sha512(content).hexdigest(), "raw", private=True)


@pytest.fixture
def pool(image, real_ceph) -> Iterator[Pool]:
    """An empty pool for root disks."""
    with root_pool(real_ceph) as pool:
        yield pool


@pytest.fixture
async def lab(pool) -> AsyncIterator[Lab]:
    """A host with its root disks in it."""
    async with running_lab(Settings(ceph=pool.client, root_pool=pool.name)) as lab:
        yield lab


async def guest_on_clone(lab: Lab, image: ImageSource) -> GuestSpec:
    server_id = new_uuid()
    made = await lab.order(c.CreateRootDisk(server_id, image, 1))
    assert isinstance(made, c.Disk), made
    return GuestSpec(server_id, "web", 1, 64, [DiskSpec("root", made.path, made.format, "vda", "root")], [])


def exporters(lab: Lab) -> int:
    return len(list((lab.settings.state / "exports").glob("*.pid")))


async def test_what_exports_a_disk_ends_with_its_guest(lab, image, pool):
    guest = await guest_on_clone(lab, image)
    assert exporters(lab) == 0
    assert await lab.launch(guest) == c.Done()
    await lab.console_says(guest.server_id, "OK")
    assert exporters(lab) == 1
    assert await lab.host.heal() == []
    os.kill(lab.process_id(guest), signal.SIGKILL)

    async def has_ended() -> bool:
        return (await lab.seen(guest.server_id)).state == "crashed"

    await until(has_ended, "the guest has ended")
    assert await lab.host.heal() == []
    assert exporters(lab) == 0
    assert await lab.launch(guest) == c.Done()
    assert exporters(lab) == 1
    assert await lab.order(c.DestroyGuest(guest.server_id)) == c.Done()
    assert exporters(lab) == 0
    assert await lab.order(c.QuarantineDisks(guest.server_id)) == c.Done()
    assert [name.partition(".")[0] for name in pool.names()] == ["disks-quarantine"]


async def test_K3_a_guest_does_not_start_on_a_disk_that_somebody_else_writes_to(lab, image, pool, monkeypatch):
    monkeypatch.setattr(block, "_ABANDONED", 1)
    guest = await guest_on_clone(lab, image)
    with pool.opened(f"disks.{guest.server_id}.root", writable=True):
        assert (await lab.launch(guest)).code == "in_use"
    assert await lab.seen(guest.server_id) is None
    assert exporters(lab) == 0
    assert await lab.launch(guest) == c.Done()


async def test_putting_a_disk_away_ends_what_exports_it(lab, image, pool):
    guest = await guest_on_clone(lab, image)
    await lab.host.disks.exports.serve(guest.disks[0].path)
    assert exporters(lab) == 1
    assert await lab.order(c.QuarantineDisks(guest.server_id)) == c.Done()
    assert exporters(lab) == 0
