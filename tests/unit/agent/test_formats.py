"""Images which name other files are refused before QEMU opens them."""

from __future__ import annotations

import struct

import pytest

from cumulet.agent.disks.formats import driver, examine, qcow2_header
from cumulet.agent.disks.layout import Layout, safe
from cumulet.agent.refusals import Refusal


def header(size: int = 1024**3, version: int = 3, backing: int = 0, features: int = 0, encryption: int = 0) -> bytes:
    start = struct.pack(">4sIQIIQI", b"QFI\xfb", version, backing, 5, 16, size, encryption)
    return start.ljust(72, b"\0") + struct.pack(">Q", features).ljust(32, b"\0")


def test_the_virtual_size_is_read_from_the_header():
    assert qcow2_header(header(7 * 1024**2)).virtual_size == 7 * 1024**2
    assert qcow2_header(header(version=2)).external_data is False
    assert qcow2_header(b"\0" * 104) is None
    assert qcow2_header(b"QFI\xfb") is None
    assert qcow2_header(header(version=9)) is None


@pytest.mark.parametrize("trick", [{"backing": 104}, {"features": 4}, {"encryption": 1}])
async def test_an_image_that_needs_another_file_is_refused(tmp_path, trick):
    path = tmp_path / "image"
    path.write_bytes(header(**trick))
    with pytest.raises(Refusal) as refused:
        await examine(path, "qcow2")
    assert refused.value.code == "image_corrupt"


async def test_an_image_that_is_not_what_it_says_is_refused(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(b"no header at all".ljust(512))
    with pytest.raises(Refusal):
        await examine(path, "qcow2")
    assert await examine(path, "raw") == 512


async def test_a_raw_image_that_looks_like_qcow2_stays_raw(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(header(backing=104).ljust(1024))
    assert await examine(path, "raw") == 1024
    assert driver("iso") == "raw"
    with pytest.raises(Refusal):
        driver("ploop")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a\0", "x" * 200, "-rf"])
def test_a_name_that_could_leave_its_folder_is_refused(name):
    with pytest.raises(Refusal):
        safe(name)


def test_a_path_outside_the_state_folder_is_nobodys(tmp_path):
    layout = Layout(tmp_path)
    assert layout.relative(f"{tmp_path}/disks/s1/root.qcow2") == "disks/s1/root.qcow2"
    assert layout.relative("/etc/passwd") is None
    assert layout.relative(f"{tmp_path}/../etc/passwd") is None
