"""Disks as files, with the real qemu-img and genisoimage. No daemon is started."""

# ruff: noqa: ASYNC220, ASYNC221, ASYNC240
from __future__ import annotations

import asyncio
import functools
import hashlib
import http.server
import subprocess
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support.clock import FakeClock

from cumulet.agent.disks import files, qemu_img, sources
from cumulet.agent.disks.disks import LocalDisks, Settings
from cumulet.agent.refusals import Refusal
from cumulet.agent.store.journal import SqliteJournal
from cumulet.agent.store.ledger import Ledger, Object
from cumulet.contract.commands import CreateBlankDisk, CreateConfigDrive, CreateRootDisk, CreateVolume
from cumulet.contract.guests import DiskSpec, ImageSource

pytestmark = pytest.mark.real
GIB = 1024**3
DAY = 86400.0


class Machine:
    """The disks of one agent; `restart` is a new agent on the same folder."""

    def __init__(self, state: Path, clock: FakeClock) -> None:
        self.state, self.clock = state, clock

    async def start(self, settings: Settings | None = None) -> None:
        self.journal = SqliteJournal(self.state / "agent.db", self.clock, durable=False)
        await self.journal.open()
        self.ledger = Ledger(self.journal.db)
        self.disks = LocalDisks(self.state, self.ledger, settings)
        await self.disks.up()

    async def restart(self, settings: Settings | None = None) -> None:
        await self.journal.close()
        await self.start(settings)

    def files(self, *folders: str) -> set[str]:
        found = (path for folder in folders for path in (self.state / folder).rglob("*") if path.is_file())
        return {str(path.relative_to(self.state)) for path in found}


@pytest.fixture
async def machine(tmp_path):
    machine = Machine(tmp_path / "agent", FakeClock())
    await machine.start()
    yield machine
    await machine.journal.close()


@pytest.fixture
def full_machine(tmp_path):
    """A machine whose disk has 8 MiB."""
    state = tmp_path / "small"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "small", state], check=True)
    yield Machine(state, FakeClock())
    subprocess.run(["umount", "-l", state], check=True)


def image_at(path: Path, form: str = "qcow2", name: str = "image1") -> ImageSource:
    content = path.read_bytes()
    return ImageSource(name, path.as_uri(), len(content), hashlib.sha512(content).hexdigest(), form)


@pytest.fixture
def image(tmp_path) -> ImageSource:
    """A qcow2 of 2 GiB with something in it."""
    raw, path = tmp_path / "content", tmp_path / "image.qcow2"
    raw.write_bytes(bytes(range(256)) * 4096)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, path], check=True)
    subprocess.run(["qemu-img", "resize", "-q", path, "2G"], check=True)
    return image_at(path)


async def code_of(attempt) -> str:
    with pytest.raises(Refusal) as refused:
        await attempt
    assert "/" not in refused.value.message.replace("in/out", "")
    return refused.value.code


async def test_a_root_disk_is_an_overlay_on_the_verified_image(machine, image):
    made = await machine.disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    assert (made.format, made.virtual_size) == ("qcow2", 5 * GIB)
    info = await qemu_img.info(Path(made.path), "qcow2")
    assert Path(info.backing_filename).parent == machine.state / "images"
    assert Path(info.backing_filename).stat().st_mode & 0o777 == 0o444
    own = await machine.disks.create_root(CreateRootDisk("s2", image, 0), "w/disk/1")
    assert own.virtual_size == 2 * GIB


async def test_an_image_is_fetched_once_for_all_who_need_it_at_once(machine, image, monkeypatch):
    opened = []
    really = sources.opened
    monkeypatch.setattr(sources, "opened", lambda image, ceph: opened.append(image) or really(image, ceph))
    orders = [machine.disks.create_root(CreateRootDisk(f"s{n}", image, 5), f"w{n}/disk/1") for n in range(5)]
    await asyncio.gather(*orders)
    assert len(opened) == 1


async def test_an_image_is_checked_by_the_algorithm_that_it_was_hashed_by(machine, image):
    content = Path(image.url.removeprefix("file://")).read_bytes()
    other = replace(image, algorithm="blake2b", digest=hashlib.blake2b(content).hexdigest())
    assert (await machine.disks.create_root(CreateRootDisk("s1", other, 5), "w/disk/1")).virtual_size == 5 * GIB
    wrong = replace(other, algorithm="sha3_512", image_id="image2")
    assert await code_of(machine.disks.create_root(CreateRootDisk("s2", wrong, 5), "w/disk/2")) == "image_corrupt"


@pytest.mark.parametrize("damage", ["digest", "size", "longer"])
async def test_an_image_with_other_content_is_refused_and_leaves_nothing(machine, image, damage):
    wrong = {"digest": ("digest", "0" * 128), "size": ("size", image.size + 1), "longer": ("size", image.size - 1)}
    bad = replace(image, **dict([wrong[damage]]))
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", bad, 5), "w/disk/1")) == "image_corrupt"
    assert machine.files("images", "disks") == set()
    assert await machine.ledger.owned("s1") == []


async def test_an_image_that_reads_a_file_of_the_host_is_refused(machine, tmp_path):
    secret, evil = tmp_path / "secret", tmp_path / "evil.qcow2"
    secret.write_bytes(b"secret" * 1000)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", evil], check=True)
    order = CreateRootDisk("s1", image_at(evil), 5)
    assert await code_of(machine.disks.create_root(order, "w/disk/1")) == "image_corrupt"
    flat = tmp_path / "evil.vmdk"
    subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", flat, "1M"], check=True)
    order = CreateRootDisk("s1", image_at(flat, "vmdk"), 5)
    assert await code_of(machine.disks.create_root(order, "w/disk/2")) == "image_corrupt"


@pytest.mark.parametrize("form", ["vmdk", "vdi", "vhdx", "vhd", "raw"])
async def test_images_of_other_formats_become_bases_as_they_are(machine, tmp_path, form):
    path = tmp_path / "image"
    driver = {"vhd": "vpc"}.get(form, form)
    subprocess.run(["qemu-img", "create", "-q", "-f", driver, path, "64M"], check=True)
    made = await machine.disks.create_root(CreateRootDisk("s1", image_at(path, form), 1), "w/disk/1")
    assert made.virtual_size == GIB
    subprocess.run(["qemu-img", "check", "-q", made.path], check=True)


async def test_a_root_disk_smaller_than_its_image_is_refused(machine, image):
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", image, 1), "w/disk/1")) == "too_small"
    assert machine.files("disks") == set()
    assert await code_of(machine.disks.create_volume(CreateVolume("v1", 1, image), "w/v/1")) == "too_small"


async def test_an_image_that_cannot_be_fetched_is_a_transient_refusal(machine, image):
    for url in ("file:///nowhere", "ftp://127.0.0.1/x", "http://127.0.0.1:9/x"):
        order = CreateRootDisk("s1", replace(image, url=url), 5)
        assert await code_of(machine.disks.create_root(order, "w/disk/1")) == "failed"


async def test_an_image_is_fetched_over_http_from_private_addresses_only_if_the_url_is_no_users(machine, image, tmp_path):
    serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}/image.qcow2"
        stranger = replace(image, image_id="stranger", url=url)
        assert await code_of(machine.disks.create_root(CreateRootDisk("s0", stranger, 5), "w/disk/1")) == "failed", (
            "a private address"
        )
        image = replace(image, private=True)
        made = await machine.disks.create_root(CreateRootDisk("s1", replace(image, url=url), 5), "w/disk/1")
        gone = replace(image, image_id="other", url=url + "x")
        assert await code_of(machine.disks.create_root(CreateRootDisk("s2", gone, 5), "w/disk/1")) == "failed"
        server.shutdown()
    assert made.virtual_size == 5 * GIB


async def test_K4_a_root_disk_is_never_made_again(machine, image):
    disks, order = machine.disks, CreateRootDisk("s1", image, 5)
    made = await disks.create_root(order, "w/disk/1")
    assert await disks.create_root(order, "w/disk/1") == made
    assert await code_of(disks.create_root(order, "w/disk/2")) == "disk_exists"
    Path(made.path).unlink()
    assert await code_of(disks.create_root(order, "w/disk/1")) == "disk_missing"
    assert await code_of(disks.create_root(order, "w/disk/2")) == "disk_exists"
    spec = DiskSpec("root", made.path, "qcow2", "vda", "root")
    assert await code_of(disks.require("s1", [spec])) == "disk_missing"
    assert machine.files("disks") == set()


async def test_K4_a_file_the_ledger_does_not_know_is_not_overwritten(machine, image):
    left = machine.state / "disks" / "s1" / "root.qcow2"
    left.parent.mkdir()
    left.write_bytes(b"somebody's data")
    assert await code_of(machine.disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")) == "disk_exists"
    assert left.read_bytes() == b"somebody's data"


async def test_K4_a_disk_whose_image_is_gone_does_not_start(machine, image):
    made = await machine.disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    spec = DiskSpec("root", made.path, "qcow2", "vda", "root")
    await machine.disks.require("s1", [spec])
    for path in machine.files("images"):
        (machine.state / path).unlink()
    assert await code_of(machine.disks.require("s1", [spec])) == "disk_missing"


async def test_only_the_servers_own_disks_and_named_volumes_are_given_to_a_guest(machine, image):
    made = await machine.disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    volume = await machine.disks.create_volume(CreateVolume("v1", 1), "w/v/1")
    own = DiskSpec("root", made.path, "qcow2", "vda", "root")
    attached = DiskSpec("v1", volume.path, "qcow2", "vdb", "v1", volume_id="v1")
    await machine.disks.require("s1", [own, attached])
    for wrong in (own, DiskSpec("x", volume.path, "qcow2", "vdb", "x"), DiskSpec("x", "/etc/shadow", "raw", "vdb", "x")):
        assert await code_of(machine.disks.require("s2", [wrong])) == "disk_missing"


async def test_K2_an_undo_touches_only_what_its_own_attempt_made(machine, image):
    disks = machine.disks
    await disks.create_root(CreateRootDisk("s1", image, 5), "w1/disk/1")
    await disks.create_blank(CreateBlankDisk("s1", "ephemeral0", 10), "w1/disk/12")
    await disks.create_root(CreateRootDisk("s2", image, 5), "w1/disk/1")
    await disks.undo("s1", "w1/disk/1")
    assert machine.files("disks") == {"disks/s1/ephemeral0.qcow2", "disks/s2/root.qcow2"}
    await disks.undo("s1", "w1/disk")
    await disks.undo("s1", "w1/disk")
    assert machine.files("disks") == {"disks/s2/root.qcow2"}
    assert sorted(kept.kind for kept in await disks.quarantined()) == ["ephemeral0", "root"]
    await disks.create_root(CreateRootDisk("s1", image, 5), "w1/disk/2")


async def test_K1_a_deleted_disk_is_kept_listed_and_restorable(machine, image):
    disks = machine.disks
    made = await disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    content = Path(made.path).read_bytes()
    await disks.quarantine_server("s1")
    await disks.quarantine_server("s1")
    assert not Path(made.path).parent.exists()
    (kept,) = await disks.quarantined()
    assert (kept.owner, kept.kind, Path(kept.path).read_bytes()) == ("s1", "root", content)
    assert await disks.quarantine.restore(kept.object_id) == made.path
    assert Path(made.path).read_bytes() == content
    await disks.require("s1", [DiskSpec("root", made.path, "qcow2", "vda", "root")])
    assert await code_of(disks.quarantine.restore(kept.object_id)) == "disk_missing"


async def test_K1_restoring_never_overwrites(machine, image):
    disks = machine.disks
    await disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    await disks.quarantine_server("s1")
    await disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/2")
    (kept,) = await disks.quarantined()
    assert await code_of(disks.quarantine.restore(kept.object_id)) == "disk_exists"


async def test_K1_the_purger_keeps_things_for_their_time_and_not_longer(machine, image):
    await machine.disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    await machine.disks.quarantine_server("s1")
    await machine.clock.advance(6 * DAY)
    await machine.disks.tidy()
    assert len(machine.files("quarantine")) == 1
    await machine.clock.advance(1 * DAY)
    await machine.disks.tidy()
    assert machine.files("quarantine") == set()
    assert await machine.disks.quarantined() == []


async def test_K1_what_was_set_aside_is_held_whatever_its_age_until_it_is_released_or_purged(machine, image):
    disks = machine.disks
    await disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    await disks.create_volume(CreateVolume("v1", 1), "w/v/1")
    assert sorted((kept.owner, kept.kind) for kept in await disks.in_place()) == [("s1", "root"), ("v1", "volume")]
    await disks.set_aside("s1")
    await disks.set_aside("v1")
    await machine.clock.advance(100 * DAY)
    await disks.tidy()
    await disks.quarantine.make_room(1 << 60)
    found = {kept.owner: kept for kept in await disks.quarantined()}
    assert {owner: kept.held for owner, kept in found.items()} == {"s1": True, "v1": True}
    await disks.release(found["s1"].object_id)
    await disks.purge(found["v1"].object_id)
    assert await code_of(disks.purge(found["v1"].object_id)) == "disk_missing"
    assert machine.files("quarantine") == set()
    await disks.quarantine_server("s1")
    assert [kept.held for kept in await disks.quarantined()] == [False]


async def test_K3_a_quarantined_disk_that_is_still_open_is_not_removed(machine):
    made = await machine.disks.create_volume(CreateVolume("v1", 1), "w/v/1")
    writer = subprocess.Popen(["qemu-io", "-f", "qcow2", made.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        writer.stdin.write(b"write 0 4096\n")
        writer.stdin.flush()
        assert b"wrote" in writer.stdout.readline()
        await machine.disks.quarantine_volume("v1")
        await machine.clock.advance(30 * DAY)
        await machine.disks.tidy()
        assert len(machine.files("quarantine")) == 1
    finally:
        writer.communicate(b"quit\n")
    await machine.disks.tidy()
    assert machine.files("quarantine") == set()


async def test_K7_an_image_stays_while_a_disk_or_a_quarantined_disk_needs_it(machine, image):
    disks = machine.disks
    await disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/1")
    await machine.clock.advance(30 * DAY)
    await disks.tidy()
    assert len(machine.files("images")) == 1
    await disks.quarantine_server("s1")
    await disks.tidy()
    assert len(machine.files("images")) == 1
    await machine.clock.advance(7 * DAY)
    await disks.tidy()
    assert (len(machine.files("images")), machine.files("quarantine")) == (1, set())
    await machine.clock.advance(3 * DAY)
    await disks.tidy()
    assert machine.files("images") == set()
    await disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/2")


async def test_a_volume_from_an_image_stands_alone(machine, image, tmp_path):
    made = await machine.disks.create_volume(CreateVolume("v1", 3, image), "w/v/1")
    assert (await qemu_img.info(Path(made.path), "qcow2")).backing_filename is None
    assert made.virtual_size == 3 * GIB
    read = subprocess.run(["qemu-io", "-f", "qcow2", "-r", "-c", "read -v 0 16", made.path], check=True, capture_output=True)
    assert b"00 01 02 03" in read.stdout
    await machine.clock.advance(30 * DAY)
    await machine.disks.tidy()
    assert machine.files("images", "volumes") == {"volumes/v1.qcow2"}


async def test_a_volume_grows_and_never_shrinks(machine):
    made = await machine.disks.create_volume(CreateVolume("v1", 2), "w/v/1")
    await machine.disks.extend_volume("v1", 3)
    await machine.disks.extend_volume("v1", 1)
    assert (await qemu_img.info(Path(made.path), "qcow2")).virtual_size == 3 * GIB
    assert await code_of(machine.disks.extend_volume("v2", 3)) == "disk_missing"


async def test_deleting_a_volume_twice_or_one_that_never_was_is_done_already(machine):
    await machine.disks.create_volume(CreateVolume("v1", 1), "w/v/1")
    for _ in range(2):
        await machine.disks.quarantine_volume("v1")
    await machine.disks.quarantine_volume("v2")
    assert [kept.owner for kept in await machine.disks.quarantined()] == ["v1"]


async def test_a_config_drive_holds_its_files_and_a_new_attempts_replaces_it(machine):
    order = CreateConfigDrive("s1", {"openstack/latest/meta_data.json": b"{}", "ec2/latest/user-data": b"#!/bin/sh"})
    made = await machine.disks.create_config_drive(order, "w/config/1")
    listed = subprocess.run(["isoinfo", "-R", "-f", "-i", made.path], check=True, capture_output=True, text=True).stdout
    assert "/openstack/latest/meta_data.json" in listed
    described = subprocess.run(["isoinfo", "-d", "-i", made.path], check=True, capture_output=True, text=True).stdout
    assert "Volume id: config-2" in described
    again = await machine.disks.create_config_drive(CreateConfigDrive("s1", {"a": b"b"}), "w/config/2")
    assert again.path == made.path
    assert machine.files("disks") == {"disks/s1/config.iso"}
    assert [kept.kind for kept in await machine.disks.quarantined()] == ["config"]


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", ""])
async def test_a_config_drives_files_stay_on_it(machine, name):
    attempt = machine.disks.create_config_drive(CreateConfigDrive("s1", {name: b"x"}), "w/config/1")
    with pytest.raises(Refusal):
        await attempt
    assert machine.files("disks") == set()


async def test_a_half_made_disk_is_finished_by_its_key_and_by_no_other(machine, image, monkeypatch):
    class PowerLossError(BaseException):
        pass

    def lose_power(*_):
        raise PowerLossError

    order = CreateRootDisk("s1", image, 5)
    place = machine.ledger.place
    monkeypatch.setattr(machine.ledger, "place", lose_power)
    with pytest.raises(PowerLossError):
        await machine.disks.create_root(order, "w/disk/1")
    monkeypatch.setattr(machine.ledger, "place", place)
    assert files.size_of(machine.state / "disks/s1/root.qcow2") > 0
    await machine.restart()
    assert await code_of(machine.disks.create_root(order, "w/disk/2")) == "disk_exists"
    made = await machine.disks.create_root(order, "w/disk/1")
    await machine.disks.require("s1", [DiskSpec("root", made.path, "qcow2", "vda", "root")])


async def test_what_was_begun_before_a_power_loss_can_be_undone(machine, image):
    await machine.ledger.add(Object("o1", "s1", "root", "disks/s1/root.qcow2", "qcow2", "making", "w/disk/1", None, 0))
    half = machine.state / "disks/s1/root.qcow2.making"
    half.parent.mkdir()
    half.write_bytes(b"half")
    await machine.disks.undo("s1", "w/disk/1")
    assert (machine.files("disks"), await machine.disks.quarantined()) == (set(), [])
    await machine.disks.create_root(CreateRootDisk("s1", image, 5), "w/disk/2")


async def test_a_full_disk_is_refused_before_it_is_written(full_machine, tmp_path):
    await full_machine.start(Settings(keep_free_mb=1))
    big = tmp_path / "big.raw"
    big.write_bytes(b"x" * 9 * 1024**2)
    attempt = full_machine.disks.create_root(CreateRootDisk("s1", image_at(big, "raw"), 1), "w/disk/1")
    assert await code_of(attempt) == "no_space"
    assert full_machine.files("disks", "images") == set()
    await full_machine.journal.close()


async def test_a_disk_that_fills_up_meanwhile_leaves_nothing_half_done(full_machine, tmp_path, monkeypatch):
    await full_machine.start(Settings(keep_free_mb=0))
    big = tmp_path / "big.raw"
    big.write_bytes(b"x" * 9 * 1024**2)

    async def nothing(_size):
        return None

    monkeypatch.setattr(full_machine.disks._images, "_need", nothing)
    attempt = full_machine.disks.create_root(CreateRootDisk("s1", image_at(big, "raw"), 1), "w/disk/1")
    assert await code_of(attempt) == "no_space"
    assert full_machine.files("disks", "images") == set()
    small = tmp_path / "small.raw"
    small.write_bytes(b"x" * 4 * 1024**2)
    monkeypatch.setattr(full_machine.disks, "_need", nothing)
    attempt = full_machine.disks.create_volume(CreateVolume("v1", 1, image_at(small, "raw")), "w/v/1")
    assert await code_of(attempt) == "no_space"
    assert full_machine.files("volumes") == set()
    assert await full_machine.ledger.owned("v1") == []
    await full_machine.journal.close()


async def test_K1_quarantine_is_purged_early_and_oldest_first_when_space_runs_short(full_machine, tmp_path):
    await full_machine.start(Settings(keep_free_mb=0))
    for name in ("a", "b", "c"):
        content = tmp_path / name
        content.write_bytes(name.encode() * 1024**2)
        await full_machine.disks.create_config_drive(CreateConfigDrive(name, {"x": content.read_bytes()}), f"{name}/1")
        await full_machine.clock.advance(1)
        await full_machine.disks.quarantine_server(name)
    more = {"x": b"d" * 3 * 1024**2}
    await full_machine.disks.create_config_drive(CreateConfigDrive("d", more), "d/1")
    left = [kept.owner for kept in await full_machine.disks.quarantined()]
    assert left == ["b", "c"][-len(left) :]
    assert "a" not in left
    await full_machine.journal.close()
