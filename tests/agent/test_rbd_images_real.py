"""A host fetches images that are block images in a real Ceph."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support.clock import FakeClock

from cumulet.agent.disks.disks import LocalDisks, Settings
from cumulet.agent.refusals import Refusal
from cumulet.agent.store.journal import SqliteJournal
from cumulet.agent.store.ledger import Ledger
from cumulet.contract.commands import CreateRootDisk, CreateVolume
from cumulet.contract.guests import ImageSource
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.kernel.ceph.client import Client
from support.ceph import Ceph
from support.rbd import ceph_rbd, emptied, raw_image

pytestmark = pytest.mark.real
CONTENT = os.urandom(3 << 20) + bytes(9 << 20)


@pytest.fixture
def store(real_ceph) -> RbdStore:
    """An empty store."""
    return emptied(ceph_rbd(real_ceph))


@pytest.fixture
def image(store) -> ImageSource:
    """An image in it."""
    return raw_image(store, CONTENT)


@pytest.fixture
async def disks(tmp_path, real_ceph):
    """A host that may read the pool."""
    journal = SqliteJournal(tmp_path / "agent" / "agent.db", FakeClock(), durable=False)
    await journal.open()
    disks = LocalDisks(tmp_path / "agent", Ledger(journal.db), Settings(ceph=reader(real_ceph)))
    await disks.up()
    yield disks
    await journal.close()


def reader(cluster: Ceph) -> Client:
    return Client(cluster.conf, "host", str(cluster.user("host", "images", profile="rbd-read-only")), patience=15.0)


async def test_a_root_disk_and_a_volume_are_made_of_a_block_image(disks, image):
    root = await disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    volume = await disks.create_volume(CreateVolume("v1", 1, image), "w/volume/1")
    assert root.virtual_size == volume.virtual_size == 1 << 30
    (cached,) = Path(disks.layout.state / "images").iterdir()
    assert cached.read_bytes() == CONTENT


async def test_what_is_not_the_image_is_refused(disks, image, store):
    wrong = image.url.replace(store.pool.fsid, "6b3f8a4e-3ad4-4b6a-9d0c-3d0d3a7f4a11")
    no_pool, no_image = image.url.replace("/images/", "/nowhere/"), image.url.replace(".a/", ".b/")
    for name, url in {"cluster": wrong, "pool": no_pool, "image": no_image, "path": "rbd://a/b"}.items():
        with pytest.raises(Refusal, match="cannot be fetched"):
            await disks.create_root(CreateRootDisk(name, replace(image, url=url, image_id=name), 1), "w/disk/1")
    with pytest.raises(Refusal) as refused:
        await disks.create_root(CreateRootDisk("s1", replace(image, digest="0" * 128), 1), "w/disk/1")
    assert refused.value.code == "image_corrupt"
    assert list(Path(disks.layout.state / "images").iterdir()) == []
