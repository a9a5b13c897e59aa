"""Which disks a new server gets."""

from __future__ import annotations

import msgspec
import pytest

from cumulet.compute.model import Flavor
from cumulet.compute.rules.disks import Asked, check_image, plan
from cumulet.kernel.errors import Conflict, Invalid

FLAVOR = Flavor("f", "small", 1, 512, 10, 0, 0, 1.0, True, False, None, {}, "2026-01-01", None)
IMAGE = "an-image"


def planned(*asked: Asked, flavor: Flavor = FLAVOR, image: str | None = IMAGE) -> list[tuple[str, str, str, int]]:
    return [(d.device, d.label or d.place, d.source, d.size_mb) for d in plan(asked, flavor, image, 10240)]


def test_an_image_alone_becomes_a_root_disk() -> None:
    assert planned() == [("/dev/vda", "root", "image", 10240)]


def test_the_flavors_ephemeral_disk_and_swap_are_added() -> None:
    flavor = msgspec.structs.replace(FLAVOR, ephemeral=5, swap=128)
    assert planned(flavor=flavor)[1:] == [("/dev/vdb", "ephemeral0", "blank", 5120), ("/dev/vdc", "swap", "blank", 128)]


def test_a_clients_own_swap_replaces_the_flavors() -> None:
    flavor = msgspec.structs.replace(FLAVOR, swap=128)
    assert planned(Asked(source="blank", place="local", swap=True, size_mb=64), flavor=flavor)[1][3] == 64


def test_a_volume_with_boot_index_0_boots_without_an_image() -> None:
    volume = Asked(source="volume", place="volume", source_id="v", boot_index=0)
    assert planned(volume, image=None) == [("/dev/vda", "volume", "volume", 0)]


def test_the_disk_to_boot_from_comes_first_wherever_it_was_named() -> None:
    data = Asked(source="volume", place="volume", source_id="d")
    boot = Asked(source="volume", place="volume", source_id="b", boot_index=0)
    found = plan([data, boot], FLAVOR, None, 10240)
    assert [disk.source_id for disk in found] == ["b", "d"]


def test_a_device_name_is_honoured_if_the_guest_can_have_it() -> None:
    asked = [Asked(source="volume", place="volume", source_id=str(at), device=name) for at, name in enumerate(("/dev/vdd", "sdx"))]
    assert [entry[0] for entry in planned(*asked)] == ["/dev/vda", "/dev/vdd", "/dev/vdb"]


def test_the_same_device_twice_is_refused() -> None:
    asked = [Asked(source="volume", place="volume", source_id=str(at), device="vdb") for at in range(2)]
    with pytest.raises(Conflict, match="/dev/vdb"):
        planned(*asked)


@pytest.mark.parametrize(
    ("asked", "image", "why"),
    [
        ([], None, "nothing to boot from"),
        ([Asked(source="blank", place="volume", size_mb=1024, boot_index=0)], None, "boot disk is blank"),
        ([Asked(source="volume", place="volume", source_id="v", boot_index=0)], IMAGE, "both an image"),
        ([Asked(source="volume", place="volume", source_id="v", boot_index=5)], IMAGE, "count from 0"),
        ([Asked(source="image", place="volume", source_id=IMAGE, boot_index=0)], None, "non-zero size"),
        ([Asked(source="blank", place="volume")], IMAGE, "volume_size"),
        ([Asked(source="blank", place="local", size_mb=1024)], IMAGE, "ephemeral"),
        ([Asked(source="blank", place="local", swap=True, size_mb=64)], IMAGE, "swap"),
        ([Asked(source="blank", place="local", swap=True, size_mb=1)] * 2, IMAGE, "more than one swap"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(asked: list[Asked], image: str | None, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        plan(asked, FLAVOR, image, 10240)


@pytest.mark.parametrize(
    ("min_ram", "min_disk", "size", "why"),
    [(1024, 0, 0, "memory is too small"), (0, 20, 0, "disk is too small"), (0, 0, 11 << 30, "disk is too small")],
)
def test_an_image_that_needs_more_than_the_flavor_has_is_refused(min_ram: int, min_disk: int, size: int, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        check_image(FLAVOR, min_ram, min_disk, size)
