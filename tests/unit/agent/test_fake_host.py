"""The fake host refuses what a real one does, and keeps the same promises."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cumulet.contract.commands import (
    AttachDisk,
    AttachPort,
    CreateConfigDrive,
    CreateRootDisk,
    CreateVolume,
    DestroyGuest,
    DetachDisk,
    DetachPort,
    Disk,
    Done,
    ExtendVolume,
    ListGuests,
    ListQuarantine,
    QuarantineDisks,
    QuarantineVolume,
    ReadConsole,
    StartGuest,
    StopGuest,
    UndoDisks,
)
from cumulet.contract.guests import DiskSpec, PortSpec


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": b"somebody else's"}, "signature"),
        ({"host_id": "another"}, "host"),
        ({"memory_mb": 256}, "256"),
        ({"vcpus": 9}, "9 vCPUs"),
    ],
)
async def test_C2_without_a_claim_of_its_size_no_guest_gets_memory(order, world, image, guest_of, claim_for, change, why):
    await order(CreateRootDisk("s1", image, 10), "w/disk/1")
    guest = guest_of("s1")
    refused = await order(StartGuest(guest, claim_for(guest, **change)), "w/start/1")
    assert (refused.code, why in refused.message) == ("no_claim", True)
    assert world.used_memory_mb == 0


async def test_C2_the_claim_of_another_server_does_not_do(order, world, image, guest_of, claim_for):
    await order(CreateRootDisk("s1", image, 10), "w/disk/1")
    claim = claim_for(guest_of("s2"))
    assert (await order(StartGuest(guest_of("s1"), claim), "w/start/1")).code == "no_claim"
    assert not world.guests


async def test_C9_guests_nobody_asked_for_are_counted_and_left_alone(boot, order, world, agent, cloud, clock):
    world.add_stranger("somebody's", 4096)
    await boot("s1")
    await order(QuarantineDisks("s1"), "w/q/1")
    seen = {guest.name: (guest.server_id, guest.memory_mb) for guest in (await order(ListGuests())).guests}
    assert seen == {"cumulet-s1": ("s1", 512), "somebody's": (None, 4096)}
    await clock.advance(5)
    assert cloud.heartbeats[-1].free_memory_mb == 256 * 1024 - 4096 - 512


async def test_K1_deleting_moves_disks_to_quarantine(boot, order, world):
    await boot("s1")
    assert (await order(QuarantineDisks("s1"), "w/q/1")).code == "in_use"
    await order(DestroyGuest("s1"), "w/d/1")
    assert await order(QuarantineDisks("s1"), "w/q/2") == Done()
    kept = (await order(ListQuarantine())).objects
    assert [(it.owner, it.kind) for it in kept] == [("s1", "root")]
    assert not world.disks


async def test_K2_an_undo_touches_only_what_its_own_attempt_made(order, world, image):
    await order(CreateRootDisk("s1", image, 10), "w/disks/1/root")
    await order(CreateConfigDrive("s1", {"a": b""}), "w/disks/11/config")
    await order(CreateRootDisk("s2", image, 10), "w/disks/1/root")
    await order(UndoDisks("s1", "w/disks/1"), "w/undo/1")
    assert {owner: set(kinds) for owner, kinds in world.disks.items()} == {"s1": {"config"}, "s2": {"root"}}


async def test_K4_a_root_disk_is_never_made_again(order, world, image, guest_of, claim_for):
    await order(CreateRootDisk("s1", image, 10), "w/disk/1")
    assert (await order(CreateRootDisk("s1", image, 10), "w/disk/2")).code == "disk_exists"
    world.lose(world.path("s1", "root"))
    guest = guest_of("s1")
    assert (await order(StartGuest(guest, claim_for(guest)), "w/start/1")).code == "disk_missing"
    assert not world.guests


async def test_K9_a_volume_in_use_is_not_deleted(boot, order, world):
    await order(CreateVolume("v1", 1), "w/v/1")
    await boot("s1")
    disk = DiskSpec("v1", world.path("v1", "volume"), "qcow2", "vdb", "v1", volume_id="v1")
    assert await order(AttachDisk("s1", disk), "w/a/1") == Done()
    assert (await order(QuarantineVolume("v1"), "w/q/1")).code == "in_use"
    await order(DetachDisk("s1", "v1"), "w/d/1")
    assert await order(QuarantineVolume("v1"), "w/q/2") == Done()


async def test_the_disk_of_another_server_is_not_attached(boot, order, world, image):
    await boot("s1")
    await order(CreateRootDisk("s2", image, 10), "w/disk/1")
    theirs = DiskSpec("x", world.path("s2", "root"), "qcow2", "vdb", "x")
    assert (await order(AttachDisk("s1", theirs), "w/a/1")).code == "disk_missing"


async def test_a_host_runs_out_of_disk(order, image):
    assert (await order(CreateVolume("v1", 10 * 1024 + 1), "w/v/1")).code == "no_space"
    assert isinstance(await order(CreateVolume("v2", 10 * 1024), "w/v/2"), Disk)


async def test_bad_images_are_refused(order, world, image):
    raw = replace(image, disk_format="raw", size=2 * 1024**3)
    assert (await order(CreateRootDisk("s1", raw, 1), "w/disk/1")).code == "too_small"
    world.corrupt_images.add(image.image_id)
    assert (await order(CreateRootDisk("s1", image, 10), "w/disk/2")).code == "image_corrupt"
    assert not world.disks


async def test_a_volume_grows_with_and_without_a_guest(boot, order, world):
    await order(CreateVolume("v1", 1), "w/v/1")
    await boot("s1")
    await order(AttachDisk("s1", DiskSpec("v1", world.path("v1", "volume"), "qcow2", "vdb", "v1", volume_id="v1")), "w/a/1")
    await order(ExtendVolume("v1", 2, "s1"), "w/e/1")
    await order(StopGuest("s1", 0), "w/s/1")
    await order(ExtendVolume("v1", 3), "w/e/2")
    assert world.disks["v1"]["volume"].size == 3 * 1024**3


async def test_ports_come_and_go(boot, order, world):
    await boot("s1")
    await order(AttachPort("s1", PortSpec("p2", "net1", "fa:16:3e:00:00:02", 1442)), "w/p/1")
    assert set(world.ports) == {"port-s1", "p2"}
    await order(DetachPort("s1", "p2"), "w/p/2")
    await order(DestroyGuest("s1"), "w/d/1")
    assert not world.ports


async def test_the_console_ends_in_a_login_prompt_of_the_server(boot, order):
    await boot("s1")
    text = (await order(ReadConsole("s1", 10))).text
    assert text.endswith("web1 login: ")
    assert len(text.splitlines()) == 10
    assert (await order(ReadConsole("nobody"))).code == "guest_missing"
