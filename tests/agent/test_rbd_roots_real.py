"""Root disks in a real Ceph."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
from tests.support.clock import FakeClock

from cumulet.agent.disks.disks import GIB, LocalDisks, Settings
from cumulet.agent.refusals import Refusal
from cumulet.agent.store.journal import SqliteJournal
from cumulet.agent.store.ledger import Ledger
from cumulet.contract.commands import CreateRootDisk
from cumulet.contract.guests import DiskSpec, ImageSource
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.kernel.ceph.pool import Pool
from support.rbd import ceph_rbd, emptied, root_pool

pytestmark = pytest.mark.real
CONTENT = os.urandom(24 << 20)


@pytest.fixture
def store(real_ceph) -> RbdStore:
    """An empty store."""
    return emptied(ceph_rbd(real_ceph))


@pytest.fixture
def image(store) -> ImageSource:
    """A raw image in it."""
    sink = store.begin("a")
    sink.write(CONTENT)
    sink.flush()
    sink.keep()
    return ImageSource("image1", store.url("a"), len(CONTENT), hashlib.sha512(CONTENT).hexdigest(), "raw", private=True)


@pytest.fixture
def pool(real_ceph) -> Pool:
    """An empty pool for root disks."""
    return root_pool(real_ceph)


class Machine:
    """The disks of one agent; `restart` is a new agent on the same folder."""

    def __init__(self, state, pool: Pool) -> None:
        self.state, self.clock, self.settings = state, FakeClock(), Settings(ceph=pool.client, root_pool=pool.name)

    async def start(self) -> None:
        self.journal = SqliteJournal(self.state / "agent.db", self.clock, durable=False)
        await self.journal.open()
        self.ledger = Ledger(self.journal.db)
        self.disks = LocalDisks(self.state, self.ledger, self.settings)
        await self.disks.up()


@pytest.fixture
async def machine(tmp_path, pool):
    machine = Machine(tmp_path / "agent", pool)
    await machine.start()
    yield machine
    await machine.journal.close()


async def code_of(attempt) -> str:
    with pytest.raises(Refusal) as refused:
        await attempt
    assert "/" not in refused.value.message
    return refused.value.code


async def test_a_root_disk_is_a_clone_of_an_image_in_the_same_cluster(machine, image, pool, real_ceph):
    made = await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    assert (made.format, made.virtual_size) == ("raw", GIB)
    assert pool.names() == ["disks.s1.root"]
    with pool.opened("disks.s1.root") as disk:
        assert disk.read(0, 1 << 20) == CONTENT[: 1 << 20]
        assert disk.read(len(CONTENT), 4) == bytes(4)
    info = json.loads(real_ceph.run("rbd", "info", "--format", "json", f"{pool.name}/disks.s1.root"))
    assert info["parent"]["image"].endswith(".a")
    assert "exclusive-lock" in info["features"]
    used = json.loads(real_ceph.run("rbd", "du", "--format", "json", f"{pool.name}/disks.s1.root"))
    assert used["images"][0]["used_size"] < len(CONTENT) / 4
    assert list((machine.state / "images").iterdir()) == []
    await machine.disks.require("s1", [DiskSpec("d", made.path, "raw", "vda", "d")])
    assert await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1") == made


async def test_an_image_from_elsewhere_is_copied_into_the_pool(machine, tmp_path, pool):
    content = bytes(1 << 20) + CONTENT[: 2 << 20] + bytes(1 << 20)
    (tmp_path / "content").write_bytes(content)
    plain = ImageSource("image2", (tmp_path / "content").as_uri(), len(content), hashlib.sha512(content).hexdigest(), "raw")
    made = await machine.disks.create_root(CreateRootDisk("s1", plain, 1), "w/disk/1")
    assert made.virtual_size == GIB
    with pool.opened("disks.s1.root") as disk:
        assert b"".join(disk.read(at << 20, 1 << 20) for at in range(4)) == content
    assert pool.names() == ["disks.s1.root"]
