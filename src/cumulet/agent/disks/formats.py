"""What an image says of itself, and whether to trust it.

An image comes from a user. Some formats can name other files, which QEMU would open: the host's own (CVE-2022-47951,
CVE-2024-32498). Such images are refused before QEMU sees them.
"""

from __future__ import annotations

import struct
from pathlib import Path

from msgspec import Struct

from ..refusals import Refusal
from . import qemu_img

_DRIVERS = {"qcow2": "qcow2", "raw": "raw", "iso": "raw", "ami": "raw", "vmdk": "vmdk", "vdi": "vdi", "vhd": "vpc", "vhdx": "vhdx"}
_WHOLE_VMDK = ("monolithicSparse", "streamOptimized")

# docs/interop/qcow2.txt in QEMU: magic, version, backing file offset and length, cluster bits, size, encryption.
_QCOW2 = struct.Struct(">4sIQIIQI")
_INCOMPATIBLE = struct.Struct(">Q")
_INCOMPATIBLE_AT = 72
_EXTERNAL_DATA = 1 << 2


class Qcow2(Struct, frozen=True):
    """The header of a qcow2 file. `virtual_size` is in bytes."""

    virtual_size: int
    backing: bool
    external_data: bool
    encrypted: bool


def driver(disk_format: str) -> str:
    """QEMU's name for an image's format. Raises Refusal for one that no disk can be made of."""
    if disk_format not in _DRIVERS:
        raise Refusal(f"No disk can be made of an image in the format {disk_format}.", code="image_corrupt")
    return _DRIVERS[disk_format]


def qcow2_header(start: bytes) -> Qcow2 | None:
    """The header in the first 104 bytes of a file; None if it is no qcow2."""
    if len(start) < _QCOW2.size:
        return None
    magic, version, backing, _, _, size, encryption = _QCOW2.unpack_from(start)
    if magic != b"QFI\xfb" or version not in (2, 3):
        return None
    features = _INCOMPATIBLE.unpack_from(start, _INCOMPATIBLE_AT)[0] if version == 3 and len(start) >= 80 else 0
    return Qcow2(size, backing != 0, bool(features & _EXTERNAL_DATA), encryption != 0)


def read_qcow2_header(path: Path) -> Qcow2 | None:
    """The header of a file."""
    with path.open("rb") as file:
        return qcow2_header(file.read(104))


def own_size(path: Path, form: str) -> int:
    """The virtual size in bytes of a qcow2 or raw file that we made. Raises Refusal if it is broken."""
    if form == "raw":
        return path.stat().st_size
    header = read_qcow2_header(path)
    if header is None:
        raise Refusal("A disk on the host is not the qcow2 it should be.", internal=str(path))
    return header.virtual_size


async def examine(path: Path, disk_format: str) -> int:
    """The virtual size in bytes of a stranger's image that stands for itself. Raises the Refusal image_corrupt otherwise."""
    form = driver(disk_format)
    if form == "qcow2":
        header = read_qcow2_header(path)
        if header is None:
            raise Refusal("The image is not in the format qcow2.", code="image_corrupt")
        if header.backing or header.external_data or header.encrypted:
            raise Refusal("The image needs another file or a key; it must stand for itself.", code="image_corrupt")
    if form == "raw":
        return own_size(path, form)
    try:
        found = await qemu_img.info(path, form)
    except Refusal as problem:
        raise Refusal(f"The image is not a sound {disk_format}.", code="image_corrupt", internal=problem.internal) from None
    if found.backing_filename is not None or (form == "vmdk" and not _is_whole_vmdk(found)):
        raise Refusal("The image needs another file; it must stand for itself.", code="image_corrupt")
    return found.virtual_size


def _is_whole_vmdk(found: qemu_img.Info) -> bool:
    data = (found.format_specific or {}).get("data")
    return isinstance(data, dict) and data.get("create-type") in _WHOLE_VMDK
