"""Root disks in a real Ceph."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.support.clock import FakeClock

from cumulet.agent.disks.disks import GIB, LocalDisks, Settings
from cumulet.agent.disks.shelves import block
from cumulet.agent.refusals import Refusal
from cumulet.agent.store.journal import SqliteJournal
from cumulet.agent.store.ledger import Ledger, Object
from cumulet.contract.commands import CreateRootDisk, ExportRootDisk
from cumulet.contract.guests import DiskSpec, ImageSource
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.kernel.ceph.pool import Pool, Snapshot
from cumulet.kernel.errors import Conflict
from cumulet.kernel.process import run
from support.rbd import ceph_rbd, emptied, raw_image, root_pool

pytestmark = pytest.mark.real
CONTENT = os.urandom(24 << 20)


@pytest.fixture
def store(real_ceph) -> RbdStore:
    """An empty store."""
    return emptied(ceph_rbd(real_ceph))


@pytest.fixture
def image(store) -> ImageSource:
    """A raw image in it."""
    return raw_image(store, CONTENT)


@pytest.fixture
def pool(real_ceph) -> Iterator[Pool]:
    """An empty pool for root disks."""
    with root_pool(real_ceph) as pool:
        yield pool


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


@pytest.mark.parametrize("form", ["raw", "qcow2"])
async def test_an_image_from_elsewhere_is_copied_into_the_pool(machine, tmp_path, pool, form):
    content = bytes(1 << 20) + CONTENT[: 2 << 20] + bytes(1 << 20)
    raw, file = tmp_path / "content", tmp_path / "image"
    raw.write_bytes(content)
    await run("qemu-img", "convert", "-f", "raw", "-O", form, str(raw), str(file))
    stored = file.read_bytes()
    plain = ImageSource("image2", file.as_uri(), len(stored), hashlib.sha512(stored).hexdigest(), form)
    made = await machine.disks.create_root(CreateRootDisk("s1", plain, 1), "w/disk/1")
    assert (made.format, made.virtual_size) == ("raw", GIB)
    with pool.opened("disks.s1.root") as disk:
        assert b"".join(disk.read(at << 20, 1 << 20) for at in range(4)) == content
    assert pool.names() == ["disks.s1.root"]


async def test_T5_what_is_not_as_large_as_the_image_is_not_cloned(machine, image, pool):
    other = replace(image, size=image.size + 512)
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", other, 1), "w/disk/1")) == "image_corrupt"
    gone = replace(image, url=image.url.replace(".a/", ".b/"))
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", gone, 1), "w/disk/1")) == "failed"
    assert pool.names() == []
    assert await machine.ledger.owned("s1") == []


async def test_a_disk_that_is_too_small_for_its_image_is_not_cloned(machine, store, pool):
    sink = store.begin("large")
    sink.write(bytes(1 << 20))
    sink._end = GIB + 512
    sink.keep()
    large = ImageSource("large", store.url("large"), GIB + 512, "0" * 128, "raw", private=True)
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", large, 1), "w/disk/1")) == "too_small"
    assert pool.names() == []


async def test_K4_a_root_disk_in_ceph_is_never_made_a_second_time(machine, image, pool, tmp_path):
    await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", image, 1), "w2/disk/1")) == "disk_exists"
    other = Machine(tmp_path / "other", pool)
    await other.start()
    assert await code_of(other.disks.create_root(CreateRootDisk("s1", image, 1), "w3/disk/1")) == "disk_exists"
    await other.journal.close()
    assert pool.names() == ["disks.s1.root"]
    pool.remove("disks.s1.root")
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")) == "disk_missing"
    assert await machine.disks.missing() == ["The root of s1 was made on this host and is gone."]


async def test_K1_a_deleted_root_disk_is_kept_and_can_be_put_back(machine, image, pool):
    made = await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    await machine.disks.quarantine_server("s1")
    (kept,) = await machine.disks.quarantined()
    assert pool.names() == [f"disks-quarantine.{kept.object_id}"]
    assert await code_of(machine.disks.require("s1", [DiskSpec("d", made.path, "raw", "vda", "d")])) == "disk_missing"
    await machine.disks.release(kept.object_id)
    await machine.disks.require("s1", [DiskSpec("d", made.path, "raw", "vda", "d")])
    await machine.disks.quarantine_server("s1")
    await machine.clock.advance(8 * 86400.0)
    await machine.disks.tidy()
    assert pool.names() == []
    assert await machine.disks.quarantined() == []


async def test_K3_a_disk_that_somebody_writes_to_is_not_purged_and_not_exported_again(machine, image, pool, monkeypatch):
    monkeypatch.setattr(block, "_ABANDONED", 1)
    made = await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    with pool.opened("disks.s1.root", writable=True):
        assert await code_of(machine.disks.exports.serve(made.path)) == "in_use"
        await machine.disks.quarantine_server("s1")
        (kept,) = await machine.disks.quarantined()
        assert await code_of(machine.disks.purge(kept.object_id)) == "in_use"
        assert len(pool.names()) == 1
    await machine.disks.purge(kept.object_id)
    assert pool.names() == []


async def test_K7_a_deleted_image_stays_as_long_as_it_has_clones(machine, image, pool, store):
    await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    store.quarantine("a", 0.0)
    with pytest.raises(Conflict):
        store.purge("a")
    with pool.opened("disks.s1.root") as disk:
        assert disk.read(0, 1 << 20) == CONTENT[: 1 << 20]
    await machine.disks.quarantine_server("s1")
    (kept,) = await machine.disks.quarantined()
    with pytest.raises(Conflict):
        store.purge("a")
    await machine.disks.purge(kept.object_id)
    store.purge("a")
    assert store.quarantined() == []


@pytest.mark.parametrize("then", ["undo", "again"])
@pytest.mark.parametrize("died", ["before the clone", "after the clone", "after the rename"])
async def test_T1_a_root_disk_whose_maker_died_is_finished_or_never_was(machine, image, pool, died, then):
    place = f"rbd://{pool.fsid}/{pool.name}/disks.s1.root"
    await machine.ledger.add(Object("made", "s1", "root", place, "raw", "making", "w/disk/1", None, 0.0))
    parent = Snapshot("images", image.url.split("/")[-2], "snap")
    if died != "before the clone":
        pool.clone_disk(parent, "disks-making.made" if died == "after the clone" else "disks.s1.root")
    if then == "undo":
        await machine.disks.undo("s1", "w")
        assert len(await machine.disks.quarantined()) == len(pool.names()) == (1 if died == "after the rename" else 0)
    else:
        made = await machine.disks.create_root(CreateRootDisk("s1", image, 0), "w/disk/1")
        assert pool.names() == ["disks.s1.root"]
        await machine.disks.require("s1", [DiskSpec("d", made.path, "raw", "vda", "d")])


async def test_a_root_disk_in_ceph_cannot_be_copied_yet(machine, image):
    await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    with pytest.raises(Refusal, match="is in Ceph"):
        await machine.disks.export_root(ExportRootDisk("s1", "i1"), "w/export/1", None)


async def test_a_cluster_that_does_not_answer_is_told_and_nothing_is_given_up_for_lost(machine, image, real_ceph, pool):
    await machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")
    impatient = LocalDisks(machine.state, machine.ledger, Settings(ceph=replace(pool.client, patience=1.0), root_pool=pool.name))
    with real_ceph.hanging():
        assert await impatient.missing() == ["The Ceph pool for root disks cannot be used now."]
    assert await impatient.missing() == []
