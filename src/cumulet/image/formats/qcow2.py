"""QEMU's qcow2. https://www.qemu.org/docs/master/interop/qcow2.html

An image that names another file (a backing file, an external data file) would let its author read files of the host that opens it
(CVE-2015-5163, CVE-2024-32498): it is never accepted.
"""

from __future__ import annotations

from .found import Found, Look, unpack

MAGIC = b"QFI\xfb"

_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION, _EXTENDED_L2 = (1 << bit for bit in range(5))
_CLUSTER_BITS = range(9, 22)
_KNOWN = _DIRTY | _CORRUPT | _DATA_FILE | _COMPRESSION | _EXTENDED_L2


def inspect(look: Look) -> Found | None:
    """Whether it is a qcow2, and a safe one."""
    head = look(0, 104)
    if head[:4] != MAGIC:
        return None
    fields = unpack(">4sIQIIQ", head)
    if fields is None:
        return Found("qcow2", danger="its header is cut off")
    _, version, backing_offset, _, cluster_bits, size = fields
    danger = _danger(version, backing_offset, head)
    if danger is None and cluster_bits not in _CLUSTER_BITS:
        danger = f"its clusters have 2^{cluster_bits} bytes"
    return Found("qcow2", size, danger)


def _danger(version: int, backing_offset: int, head: bytes) -> str | None:
    if version not in (2, 3):
        return f"its version is {version}; only 2 and 3 are supported"
    if backing_offset:
        return "it has a backing file"
    if version == 2:
        return None
    features = unpack(">Q", head[72:])
    return "its header is cut off" if features is None else _incompatible(features[0])


def _incompatible(features: int) -> str | None:
    if features & _DATA_FILE:
        return "it has an external data file"
    if features & _CORRUPT:
        return "it is marked as corrupt"
    if features & ~_KNOWN:
        return f"it needs unknown features (incompatible feature bits {features & ~_KNOWN:#x})"
    return None
