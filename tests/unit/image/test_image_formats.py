"""What an image really is, told from its bytes."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from cumulet.image.formats import inspect, objection, virtual_size, within
from support.images import qcow2


def found(data: bytes, complete: bool = True):
    return inspect(within(data), len(data) if complete else None)


def iso(blocks: int = 100) -> bytes:
    descriptor = (b"\x01CD001\x01".ljust(80, b"\0") + struct.pack("<I", blocks)).ljust(128, b"\0") + struct.pack("<H", 2048)
    return bytes(0x8000) + descriptor.ljust(2048, b"\0")


def vmdk_header(capacity: int = 2048, version: int = 1, descriptor_at: int = 1, directory_at: int = 21) -> bytes:
    fields = (b"KDMV", version, 3, capacity, 128, descriptor_at, 20, 512, 0, directory_at)
    return struct.pack("<4sIIQQQQIQQ", *fields).ljust(512, b"\0")


def vmdk(kind: str, *lines: str, **header: int) -> bytes:
    text = "\n".join(["# Disk DescriptorFile", f'createType="{kind}"', *lines])
    return vmdk_header(**header) + text.encode().ljust(10240, b"\0")


def streamed(footer: bytes) -> bytes:
    return vmdk("streamOptimized", SPARSE, directory_at=AT_END) + bytes(512) + footer + bytes(512)


def partitioned(*kinds: int, boot: int = 0x80) -> bytes:
    entries = b"".join(bytes([boot, 0, 2, 0, kind, 0, 0, 0]) + struct.pack("<II", 1, 2047) for kind in kinds)
    return bytes(446) + entries.ljust(64, b"\0") + b"\x55\xaa" + bytes(1 << 20)


def luks(version: int) -> bytes:
    return b"LUKS\xba\xbe" + struct.pack(">H", version) + bytes(4096)


AT_END = (1 << 64) - 1


def vhd_footer(kind: int = 2, size: int = 4096) -> bytes:
    return (b"conectix".ljust(48, b"\0") + struct.pack(">QII", size, 0, kind)).ljust(512, b"\0")


SPARSE = 'RW 2048 SPARSE "disk.vmdk"'


def test_a_qcow2_tells_the_size_of_its_disk():
    assert (found(qcow2(7 << 20)).format, found(qcow2(7 << 20)).virtual_size) == ("qcow2", 7 << 20)
    assert found(qcow2(version=2)).danger is None


def test_bytes_without_a_signature_are_raw():
    assert found(b"").format == found(bytes(5000)).format == found(b"anything").format == "raw"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (qcow2(backing=True), "backing file"),
        (qcow2(version=2, backing=True), "backing file"),
        (qcow2(incompatible=1 << 2), "external data file"),
        (qcow2(incompatible=1 << 1), "corrupt"),
        (qcow2(incompatible=1 << 9), "unknown features (incompatible feature bits 0x200)"),
        (qcow2(version=1), "version is 1"),
        (qcow2(version=4), "version is 4"),
        (qcow2()[:20], "cut off"),
        (qcow2()[:75], "cut off"),
        (vmdk("monolithicFlat", 'RW 2048 FLAT "/etc/shadow" 0'), "monolithicFlat"),
        (vmdk("monolithicSparse", 'RW 2048 SPARSE "/etc/shadow"'), "names other files"),
        (vmdk("monolithicSparse", SPARSE, SPARSE), "names other files"),
        (vmdk("monolithicSparse", '  RW 2048 SPARSE "/etc/shadow"'), "names other files"),
        (vmdk("monolithicSparse", 'RW 2048 SPARSE "..\\secret"'), "names other files"),
        (vmdk("monolithicSparse", 'RW\t2048 FLAT "disk" 0'), "names other files"),
        (vmdk("monolithicSparse"), "names other files"),
        (vmdk("monolithicSparse", SPARSE, 'parentFileNameHint="/etc/shadow"'), "has a parent"),
        (vmdk("monolithicSparse", SPARSE, "surprise"), "not understood: 'surprise'"),
        (vmdk("monolithicSparse", SPARSE, 'encoding="ü"'), "not ASCII"),
        (vmdk("monolithicSparse", SPARSE, capacity=0), "no capacity of its own"),
        (vmdk("monolithicSparse", SPARSE, version=4), "version is 4"),
        (vmdk("monolithicSparse", SPARSE, descriptor_at=7), "not where it should be"),
        (streamed(bytes(512)), "footer is missing"),
        (streamed(vmdk_header(version=2)), "contradicts its header"),
        (streamed(vmdk_header(directory_at=AT_END)), "contradicts its header"),
        (qcow2(cluster_bits=63), "2^63"),
        (qcow2()[:0x8000] + iso()[0x8000:], "several formats at once: iso and qcow2"),
        (vhd_footer(kind=3)[:512] + iso()[512:], "several formats at once: iso and vhd"),
        (luks(7), "LUKS version"),
        (b'# Disk DescriptorFile\ncreateType="monolithicFlat"', "only a descriptor"),
        (vhd_footer(kind=4), "has a parent"),
        (b"QED\0" + bytes(60), "QED"),
    ],
)
def test_images_that_could_make_a_host_open_another_file_are_dangerous(data, why):
    refused = found(data)
    assert refused.danger is not None
    assert why in refused.danger
    for declared in ("raw", refused.format):
        assert why in objection(declared, refused)


def test_dirty_compressed_and_extended_qcow2_are_fine():
    assert found(qcow2(incompatible=1 << 0 | 1 << 3 | 1 << 4)).danger is None


def test_one_file_vmdks_are_fine():
    for kind in ("monolithicSparse", "streamOptimized"):
        assert (found(vmdk(kind, SPARSE)).danger, found(vmdk(kind, SPARSE)).virtual_size) == (None, 2048 * 512)


def test_an_iso_is_known_by_its_volume_descriptor():
    assert (found(iso(100)).format, found(iso(100)).virtual_size) == ("iso", 204800)


def test_a_fixed_vhd_is_known_by_its_end_only():
    disk = bytes(4096) + vhd_footer()
    assert (found(disk).format, found(disk, complete=False).format) == ("vhd", "raw")
    assert objection("vhd", found(disk, complete=False), complete=False) is None
    assert objection("vhd", found(bytes(4096))) is not None


def test_a_stream_optimized_vmdk_says_the_same_at_both_ends():
    assert found(streamed(vmdk_header())).danger is None
    assert found(streamed(vmdk_header())[:12000], complete=False).danger is None


def test_disks_with_partitions_are_known_and_may_be_declared_raw():
    for disk in (partitioned(0x83), partitioned(0x83, 0x82), partitioned(0xEE), partitioned(0xEE, 0x83)):
        assert (found(disk).format, found(disk).danger, found(disk).virtual_size) == ("gpt", None, len(disk))
        assert objection("raw", found(disk)) is None
        assert objection("qcow2", found(disk)) == "The image's disk_format is qcow2, but its content is gpt."


@pytest.mark.parametrize("disk", [partitioned(), partitioned(0x83, boot=0x41), partitioned(0x83)[:511]])
def test_a_boot_sector_without_partitions_is_raw(disk):
    assert found(disk).format == "raw"


def test_an_iso_that_starts_as_a_disk_too_is_an_iso():
    hybrid = partitioned(0x83)[:512] + iso()[512:]
    assert (found(hybrid).format, found(hybrid).danger) == ("iso", None)


def test_a_fixed_vhd_with_partitions_inside_is_a_vhd():
    disk = partitioned(0x83) + vhd_footer()
    assert found(disk).format == "vhd"
    assert objection("vhd", found(disk, complete=False), complete=False) is None


@pytest.mark.parametrize("version", [1, 2])
def test_an_encrypted_disk_is_known_and_may_be_declared_raw(version):
    assert (found(luks(version)).format, found(luks(version)).danger) == ("luks", None)
    assert objection("raw", found(luks(version))) is None


def test_udf_is_an_iso_too():
    assert found(bytes(0x8000) + b"\0BEA01".ljust(2048, b"\0")).format == "iso"


def test_what_is_declared_must_be_what_is_there():
    assert objection("qcow2", found(bytes(4096))) == "The image's disk_format is qcow2, but its content is raw."
    assert objection("raw", found(qcow2())) == "The image's disk_format is raw, but its content is qcow2."
    assert objection("aki", found(qcow2())) is not None
    assert objection("qcow2", found(qcow2())) is None


def test_a_disk_that_also_starts_as_a_cd_may_be_raw_or_iso():
    assert objection("raw", found(iso())) is None
    assert objection("iso", found(iso())) is None
    assert objection("iso", found(bytes(40000))) is not None


def test_formats_nobody_can_inspect_take_anything_without_a_signature():
    for declared in ("aki", "ari", "ami", "ploop"):
        assert objection(declared, found(b"\x7fELF")) is None
        assert virtual_size(declared, found(b"\x7fELF"), 4) is None


def test_the_virtual_size_of_a_raw_disk_is_its_size():
    assert virtual_size("raw", found(bytes(700)), 700) == 700
    assert virtual_size("raw", found(iso()), 9999) == 9999
    assert virtual_size("qcow2", found(qcow2(3 << 20)), 65536) == 3 << 20


MIB10 = 10 << 20
MADE = [
    ("qcow2", "", "qcow2", MIB10, False),
    ("qcow2", "compat=0.10", "qcow2", MIB10, False),
    ("qcow2", "extended_l2=on,compression_type=zstd", "qcow2", MIB10, False),
    ("qcow2", "data_file={folder}/data.raw", "qcow2", MIB10, True),
    ("qcow2", "backing_file={folder}/data.raw,backing_fmt=raw", "qcow2", MIB10, True),
    ("vmdk", "subformat=monolithicSparse", "vmdk", MIB10, False),
    ("vmdk", "subformat=streamOptimized", "vmdk", MIB10, False),
    ("vmdk", "subformat=monolithicFlat", "vmdk", None, True),
    ("vmdk", "subformat=twoGbMaxExtentSparse", "vmdk", None, True),
    ("vdi", "", "vdi", MIB10, False),
    ("vhdx", "", "vhdx", MIB10, False),
    ("vpc", "force_size=on", "vhd", MIB10, False),
    ("vpc", "subformat=fixed,force_size=on", "vhd", MIB10, False),
    ("qed", "", "qed", None, True),
]


@pytest.mark.real
@pytest.mark.parametrize(("kind", "options", "name", "size", "dangerous"), MADE)
def test_images_made_by_qemu_are_recognized(tmp_path: Path, kind, options, name, size, dangerous):
    (tmp_path / "data.raw").write_bytes(bytes(MIB10))
    path = tmp_path / "image"
    chosen = ["-o", options.format(folder=tmp_path)] if options else []
    subprocess.run(["qemu-img", "create", "-q", "-f", kind, *chosen, path, str(MIB10)], check=True)
    recognized = found(path.read_bytes())
    assert (recognized.format, recognized.virtual_size, recognized.danger is not None) == (name, size, dangerous)
