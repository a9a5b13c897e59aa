"""Formats that are recognized by a signature: VDI, VHD, VHDX, ISO 9660, QED, LUKS, disks with partitions."""

from __future__ import annotations

import struct

from .found import Found, Look, unpack

_REGIONS_AT = 192 << 10
_MOST_ENTRIES = 2047


def _guid(text: str) -> bytes:
    """A GUID as Microsoft stores it: its first three groups little-endian."""
    first, second, third, *rest = text.split("-")
    return b"".join(bytes.fromhex(group)[::-1] for group in (first, second, third)) + bytes.fromhex("".join(rest))


_METADATA_REGION = _guid("8B7CA206-4790-4B9A-B8FE-575F050F886E")
_FILE_PARAMETERS = _guid("CAA16737-FA36-4D43-B3B6-33F0AA44E76B")
_DISK_SIZE = _guid("2FA54224-CD1B-4876-B211-5DBED83BF4B8")


def vdi(look: Look) -> Found | None:
    """VirtualBox's: https://forums.virtualbox.org/viewtopic.php?t=8046"""
    if look(0x40, 4) != b"\x7f\x10\xda\xbe":
        return None
    kind, size = unpack("<I", look(0x4C, 4)), unpack("<Q", look(0x170, 8))
    if kind is None or size is None:
        return Found("vdi", danger="its header is cut off")
    return Found("vdi", size[0], None if kind[0] in (1, 2) else "it has a parent")


def vhd(look: Look) -> Found | None:
    """Virtual PC's (Virtual Hard Disk Image Format Specification), a dynamic or differencing one: it begins with a copy of its

    footer. A differencing one names another file.
    """
    return _vhd(look(0, 512))


def vhd_at_end(look: Look, size: int | None) -> Found | None:
    """A fixed VHD, which is a raw disk and a footer: known only once the image's end is."""
    return _vhd(look(size - 512, 512)) if size is not None and size >= 512 else None


def _vhd(footer: bytes) -> Found | None:
    if not footer.startswith(b"conectix"):
        return None
    fields = unpack(">QII", footer[48:])
    if fields is None:
        return Found("vhd", danger="its header is cut off")
    size, _, kind = fields
    return Found("vhd", size, None if kind in (2, 3) else "it has a parent")


def vhdx(look: Look) -> Found | None:
    """Hyper-V's: [MS-VHDX], sections 2.2.3 (region table) and 2.6 (metadata)."""
    if look(0, 8) != b"vhdxfile":
        return None
    region = _entry(look, _REGIONS_AT, _METADATA_REGION)
    if region is None:
        return Found("vhdx")
    parameters, disk = _entry(look, region, _FILE_PARAMETERS), _entry(look, region, _DISK_SIZE)
    flags = unpack("<II", look(region + parameters, 8)) if parameters is not None else None
    size = unpack("<Q", look(region + disk, 8)) if disk is not None else None
    return Found("vhdx", size[0] if size else None, "it has a parent" if flags and flags[1] & 2 else None)


def _entry(look: Look, table: int, wanted: bytes) -> int | None:
    """The offset that a VHDX table (of regions, or of metadata) gives for the entry with the GUID `wanted`."""
    head = look(table, 32)
    if head.startswith(b"regi"):
        count, first, layout = struct.unpack_from("<I", head, 8)[0], table + 16, "<Q"
    elif head.startswith(b"metadata"):
        count, first, layout = struct.unpack_from("<H", head, 10)[0], table + 32, "<I"
    else:
        return None
    entries = look(first, 32 * min(count, _MOST_ENTRIES))
    for at in range(0, len(entries), 32):
        entry = entries[at : at + 32]
        if entry[:16] == wanted:
            offset = unpack(layout, entry[16:])
            return offset[0] if offset else None
    return None


def iso(look: Look) -> Found | None:
    """ISO 9660 (ECMA-119, section 8) or UDF (ECMA-167): a volume descriptor in sector 16."""
    descriptor = look(0x8000, 132)
    if descriptor[1:6] in (b"NSR02", b"NSR03", b"BEA01"):
        return Found("iso")
    if descriptor[1:6] != b"CD001":
        return None
    blocks, block_size = unpack("<I", descriptor[80:]), unpack("<H", descriptor[128:])
    return Found("iso", blocks[0] * block_size[0] if blocks and block_size else None)


def qed(look: Look) -> Found | None:
    """QEMU's enhanced disk, which nobody supports any more."""
    return Found("qed", danger="QED images are not supported") if look(0, 4) == b"QED\0" else None


def luks(look: Look) -> Found | None:
    """Linux Unified Key Setup, versions 1 and 2 (cryptsetup's on-disk format specifications)."""
    head = look(0, 8)
    if head[:6] != b"LUKS\xba\xbe":
        return None
    version = unpack(">H", head[6:])
    return Found("luks", danger=None if version in ((1,), (2,)) else "its LUKS version is unknown")


def gpt(look: Look, size: int | None) -> Found | None:
    """A disk with partitions: a master boot record, which a GUID partition table has, too (UEFI 2.10, section 5).

    A boot sector of a file system ends alike; it is told apart by what it has where an MBR has its partitions. What a partition
    table says concerns nobody but the guest: nothing in it is dangerous to a host.
    """
    sector = look(0, 512)
    if sector[510:] != b"\x55\xaa":
        return None
    entries = [sector[at : at + 16] for at in range(446, 510, 16)]
    if any(entry[0] not in (0x00, 0x80) for entry in entries) or not any(entry[4] for entry in entries):
        return None
    return Found("gpt", size)
