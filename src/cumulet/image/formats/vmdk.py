"""VMware's VMDK. https://www.vmware.com/app/vmdk/?src=vmdk (Virtual Disk Format 5.0)

Only the variants whose one file holds everything are accepted; the others name further files.
"""

from __future__ import annotations

import re

from .found import Found, Look, unpack

MAGIC = b"KDMV"
DESCRIPTOR = b"# Disk DescriptorFile"
SECTOR = 512

_ALLOWED = ("monolithicSparse", "streamOptimized")
_TYPE = re.compile(rb'^createType\s*=\s*"([^"]*)"', re.MULTILINE)
_EXTENT = re.compile(rb'^(?:RW|RDONLY|NOACCESS)\s+\d+\s+(\w+)(?:\s+"([^"]*)")?', re.MULTILINE)
_LARGEST_DESCRIPTOR = 1 << 16


def inspect(look: Look) -> Found | None:
    """Whether it is a VMDK, and one in one piece."""
    head = look(0, 44)
    if head.startswith(DESCRIPTOR[:21]):
        return Found("vmdk", danger="it is only a descriptor that names other files")
    if head[:4] != MAGIC:
        return None
    fields = unpack("<4sIIQQQQ", head)
    if fields is None:
        return Found("vmdk", danger="its header is cut off")
    capacity, descriptor_at, descriptor_size = fields[3], fields[5], fields[6]
    text = look(descriptor_at * SECTOR, min(descriptor_size * SECTOR, _LARGEST_DESCRIPTOR))
    return Found("vmdk", capacity * SECTOR, _danger(text))


def _danger(text: bytes) -> str | None:
    named = _TYPE.search(text)
    kind = named.group(1).decode(errors="replace") if named else "unknown"
    if kind not in _ALLOWED:
        return f"its createType is {kind}; only {' and '.join(_ALLOWED)} are supported"
    extents = _EXTENT.findall(text)
    if len(extents) != 1 or extents[0][0] != b"SPARSE" or b"/" in extents[0][1]:
        return "it names other files"
    return None
