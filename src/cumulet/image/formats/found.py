"""What an inspection is given and what it finds."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from msgspec import Struct

Look = Callable[[int, int], bytes]
"""(offset, count) to that many bytes of the image; fewer where it ends."""


class Found(Struct, frozen=True):
    """A format; the size of the disk inside in bytes, where it can be told; and why the image must not be opened, if so."""

    format: str
    virtual_size: int | None = None
    danger: str | None = None


FARTHEST = 1 << 62
"""No file reaches that far; offsets in hostile headers do."""

MOST_AT_ONCE = 1 << 20


def bounded(look: Look, size: int | None) -> Look:
    """The same, for offsets and counts from an image's own headers: nothing beyond its end, and never much at once."""
    end = FARTHEST if size is None else size
    return lambda offset, count: look(offset, min(count, MOST_AT_ONCE)) if 0 <= offset < end and count > 0 else b""


def within(block: bytes) -> Look:
    """Look at the first bytes of an image only."""
    return lambda offset, count: block[offset : offset + count]


def unpack(layout: str, data: bytes) -> tuple[Any, ...] | None:
    """`struct.unpack` of the beginning of `data`; None if there is too little."""
    size = struct.calcsize(layout)
    return struct.unpack(layout, data[:size]) if len(data) >= size else None
