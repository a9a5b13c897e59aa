"""What an image is, and what speaks against taking it for what it is said to be."""

from __future__ import annotations

from . import others, qcow2, vmdk
from .found import Found, Look, bounded

_INSPECTED = ("qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso")
_INSIDE_RAW = ("raw", "iso", "gpt", "luks")
"""What the bytes of a raw disk may look like: a disk that begins as a CD boots as both, one with partitions is what a disk is, and
one that is encrypted is opened by its guest, or with a key from elsewhere."""


def inspect(look: Look, size: int | None = None) -> Found:
    """The format of an image, `raw` if it has no known signature. `size` is its length in bytes, once that is known.

    At most a few hundred kilobytes are read, wherever the image's own headers point.
    """
    look = bounded(look, size)
    matches = [found for inspector in _INSPECTORS if (found := inspector(look))]
    head = vmdk.inspect(look, size)
    if head is not None:
        matches.append(head)
    if len(matches) > 1:
        named = " and ".join(sorted(found.format for found in matches))
        return Found(matches[0].format, danger=f"it is several formats at once: {named}")
    return matches[0] if matches else others.vhd_at_end(look, size) or others.gpt(look, size) or Found("raw", size)


_INSPECTORS = (qcow2.inspect, others.vhdx, others.vdi, others.vhd, others.qed, others.luks, others.iso)


def objection(declared: str, found: Found, complete: bool = True) -> str | None:
    """Why an image declared as `declared` cannot be accepted; None if it can.

    With `complete` False only the image's beginning is known, and what its end might still prove is not held against it.
    """
    if found.danger is not None:
        return f"The image is refused because {found.danger}."
    if declared == found.format or (not complete and declared == "vhd" and found.format in ("raw", "gpt")):
        return None
    if declared in _INSPECTED or found.format not in _INSIDE_RAW:
        return f"The image's disk_format is {declared}, but its content is {found.format}."
    return None


def virtual_size(declared: str, found: Found, size: int) -> int | None:
    """The size of the disk in bytes, as a server sees it."""
    if declared == "raw":
        return size
    return found.virtual_size if declared == found.format else None
