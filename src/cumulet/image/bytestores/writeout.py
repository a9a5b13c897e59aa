"""Asking the kernel to begin writing a file to disk now, so that less is left to do when it must be durable."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h


def begin_writing(descriptor: int, offset: int, count: int) -> None:
    """Begin to write these bytes of a file out (`sync_file_range(2)`); nothing is waited for, promised or reported."""
    call = _sync_file_range()
    if call is not None:
        call(descriptor, offset, count, _SYNC_FILE_RANGE_WRITE)


@cache
def _sync_file_range() -> Callable[[int, int, int, int], int] | None:
    """The C library's function, which Python's does not offer; None where there is none."""
    found = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return found
