"""The disk: a master boot record, a FAT16 partition with boot loader, kernel and initrd, and the ext4 root at the end."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from cumulet.app.tiny import tools
from cumulet.app.tiny.guest import FILES
from cumulet.app.tiny.tree import Ext4

ROOT = Ext4(label="tiny-root", uuid="6f0ad3c4-7f0f-4a35-9d6c-6d2f3c1b8e51", size=48)

_SECTOR = 512
_MIB = 1 << 20
_FIRST = 1 * _MIB  # where the first partition begins: the room before it is customary
_MBR_PROGRAMS = (Path("/usr/lib/syslinux/mbr/mbr.bin"), Path("/usr/lib/SYSLINUX/mbr.bin"))
_FAT16, _LINUX = 0x06, 0x83


def boot_partition(scratch: Path, kernel: bytes, initrd: bytes) -> Path:
    """A FAT16 file system from which syslinux starts the kernel. Raises tools.Failed."""
    image = scratch / "boot.fat"
    content = {"vmlinuz": kernel, "initrd.img": initrd, "syslinux.cfg": (FILES / "boot/syslinux.cfg").read_bytes()}
    size = sum(map(len, content.values())) // _MIB + 2
    with image.open("wb") as file:
        file.truncate(size * _MIB)
    # 255 heads of 63 sectors is what BIOSes assume; -H tells the boot sector where on the disk it will be.
    sectors = size * _MIB // _SECTOR
    geometry = ["-T", str(sectors), "-h", "255", "-s", "63", "-H", str(_FIRST // _SECTOR)]
    tools.run(["mformat", "-i", str(image), "-v", "BOOT", "-N", "cafe2026", "-c", "4", *geometry, "::"])
    for name, data in content.items():
        source = scratch / name
        source.write_bytes(data)
        os.utime(source, (tools.EPOCH, tools.EPOCH))
        tools.run(["mcopy", "-m", "-i", str(image), str(source), f"::{name}"])
    tools.run(["syslinux", "--install", str(image)])
    return image


def assemble(scratch: Path, boot: Path, root: Path) -> Path:
    """Both partitions on one disk, as a compressed qcow2 file. Raises tools.Failed."""
    raw, qcow2 = scratch / "disk.raw", scratch / "disk.qcow2"
    boot_size, root_size = boot.stat().st_size, root.stat().st_size
    with raw.open("wb") as disk:
        disk.write(_boot_record(boot_size, root_size))
        disk.seek(_FIRST)
        disk.write(boot.read_bytes())
        disk.write(root.read_bytes())
    tools.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", str(raw), str(qcow2)])
    return qcow2


def _boot_record(boot_size: int, root_size: int) -> bytes:
    """The first sector: the program that starts the active partition, and the table of four partitions."""
    program = next((path for path in _MBR_PROGRAMS if path.exists()), None)
    if program is None:
        raise tools.Failed("syslinux's mbr.bin is not there: install the Debian package syslinux-common")
    first = _partition(0x80, _FAT16, _FIRST, boot_size)
    second = _partition(0x00, _LINUX, _FIRST + boot_size, root_size)
    return program.read_bytes().ljust(446, b"\0") + first + second + bytes(32) + b"\x55\xaa"


def _partition(active: int, kind: int, start: int, size: int) -> bytes:
    """An entry of the table; cylinders, heads and sectors are set to "too large", which means: use the sector numbers."""
    beyond = b"\xfe\xff\xff"
    return struct.pack("<B3sB3sII", active, beyond, kind, beyond, start // _SECTOR, size // _SECTOR)
