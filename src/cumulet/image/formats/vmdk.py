"""VMware's VMDK. https://www.vmware.com/app/vmdk/?src=vmdk (Virtual Disk Format 5.0)

Only the variants whose one file holds everything are accepted; the others name further files.
"""

from __future__ import annotations

import re

from .found import Found, Look, unpack

MAGIC = b"KDMV"
DESCRIPTOR = b"# Disk DescriptorFile"
SECTOR = 512

_ALLOWED = {"monolithicsparse": "monolithicSparse", "streamoptimized": "streamOptimized"}
_VERSIONS = (1, 2, 3)
_AT_END = (1 << 64) - 1
_HEADER = "<4sIIQQQQIQQ"
_LARGEST_DESCRIPTOR = (1 << 20) - 1
_TYPE = re.compile(r'createtype\s*=\s*"([^"\n]{0,64})"', re.IGNORECASE)
_ACCESS = ("rw", "rdonly", "noaccess")
_SETTING = re.compile(r"[a-z0-9_.]+\s*=")
_EXTENT = re.compile(r'[a-z]+\s+\d+\s+sparse(\s+"[^"/\\]*")?')


def inspect(look: Look, size: int | None = None) -> Found | None:
    """Whether it is a VMDK, and one in one piece. `size` is its length in bytes, once that is known."""
    head = look(0, 64)
    if head.startswith(DESCRIPTOR):
        return Found("vmdk", danger="it is only a descriptor that names other files")
    if head[:4] != MAGIC:
        return None
    fields = unpack(_HEADER, head)
    if fields is None:
        return Found("vmdk", danger="its header is cut off")
    _, version, _, capacity, _, descriptor_at, descriptor_size, _, _, directory_at = fields
    danger = _of_header(version, capacity, descriptor_at)
    if danger is None:
        danger = _of_descriptor(look(descriptor_at * SECTOR, min(descriptor_size * SECTOR, _LARGEST_DESCRIPTOR)))
    if danger is None and directory_at == _AT_END and size is not None:
        danger = _of_footer(look(size - 2 * SECTOR, 64), (version, descriptor_at, descriptor_size))
    return Found("vmdk", capacity * SECTOR, danger)


def _of_header(version: int, capacity: int, descriptor_at: int) -> str | None:
    if version not in _VERSIONS:
        return f"its version is {version}; only {', '.join(map(str, _VERSIONS))} are supported"
    if capacity == 0:
        return "it has no capacity of its own, so that its descriptor would say where its data is"
    return None if descriptor_at == 1 else "its descriptor is not where it should be"


def _of_descriptor(raw: bytes) -> str | None:
    """Every line must be understood: whoever opens the image later may understand more than we do."""
    try:
        text = raw.partition(b"\0")[0].decode("ascii")
    except UnicodeDecodeError:
        return "its descriptor is not ASCII"
    named = _TYPE.search(text)
    kind = named.group(1) if named else "unknown"
    if kind.lower() not in _ALLOWED:
        return f"its createType is {kind!r}; only {' and '.join(_ALLOWED.values())} are supported"
    lines = [line.strip() for line in text.lower().split("\n")]
    if any(line.startswith("parentfilenamehint") for line in lines):
        return "it has a parent"
    extents = [line for line in lines if line.split(" ")[0].split("\t")[0] in _ACCESS]
    if len(extents) != 1 or not _EXTENT.fullmatch(extents[0]):
        return "it names other files"
    others = [line for line in lines if line and line not in extents and not line.startswith(("#", "ddb"))]
    unknown = next((line for line in others if not _SETTING.match(line)), None)
    return None if unknown is None else f"its descriptor has a line that is not understood: {unknown[:60]!r}"


def _of_footer(footer: bytes, said: tuple[int, int, int]) -> str | None:
    """A stream-optimized image ends with a second header, which counts more than the first one: it must say the same."""
    fields = unpack(_HEADER, footer)
    if fields is None or fields[0] != MAGIC:
        return "its footer is missing"
    if (fields[1], fields[5], fields[6]) != said or fields[3] == 0 or fields[9] == _AT_END:
        return "its footer contradicts its header"
    return None
