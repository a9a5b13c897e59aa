"""Serial logs: bounded in size, read from the end.

QEMU appends for ever. Whoever looks after the host calls `trim` every few seconds: the last mebibyte becomes the earlier part, and
the log starts again. What a guest writes between the copy and the cut, some microseconds, is lost.
"""

from __future__ import annotations

import os
from pathlib import Path

KEPT = 1024**2  # bytes


def read(log: Path, lines: int | None) -> str:
    """The last `lines` lines, or all that is kept."""
    data = (_tail(_earlier(log)) + _tail(log))[-KEPT:]
    text = data.decode(errors="replace").replace("\r\n", "\n")
    if lines is None:
        return text
    return "\n".join(text.removesuffix("\n").split("\n")[-lines:]) if lines > 0 else ""


def trim(folder: Path) -> None:
    """Cut each log in the folder that has outgrown its size."""
    for log in folder.glob("*.log"):
        if log.stat().st_size > KEPT:
            fresh = log.with_suffix(".new")
            fresh.write_bytes(_tail(log))
            fresh.replace(_earlier(log))
            os.truncate(log, 0)  # QEMU appends, so it goes on at the new end


def remove(log: Path) -> None:
    """Forget a guest's log."""
    log.unlink(missing_ok=True)
    _earlier(log).unlink(missing_ok=True)


def _earlier(log: Path) -> Path:
    return log.with_suffix(".earlier")


def _tail(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - KEPT))
            return file.read(KEPT)
    except FileNotFoundError:
        return b""
