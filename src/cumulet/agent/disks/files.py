"""Durable file operations. They block: call them in a thread."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from msgspec import Struct

from ...kernel import durable
from ..refusals import Refusal


class Space(Struct, frozen=True):
    """A file system's size and what is free for us, in bytes."""

    total: int
    free: int


def space(folder: Path) -> Space:
    """How much there is and how much is left."""
    found = os.statvfs(folder)
    return Space(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def sync(path: Path) -> None:
    """Force a file or a folder to the disk. Raises the Refusal no_space if it does not fit after all."""
    try:
        durable.sync(path)
    except OSError as problem:
        raise refusal_of(problem) from None


def publish(temporary: Path, path: Path) -> None:
    """Give a finished file its name: from now on it survives a power loss."""
    sync(temporary)
    move(temporary, path)


def move(source: Path, target: Path) -> None:
    """Rename within the file system, durably. Raises FileNotFoundError."""
    os.rename(source, target)
    sync(target.parent)
    if source.parent != target.parent:
        sync(source.parent)


def remove(path: Path) -> None:
    """Delete a file if it is there, durably."""
    path.unlink(missing_ok=True)
    sync(path.parent)


def remove_folder_if_empty(folder: Path) -> None:
    """Delete a folder which holds nothing."""
    try:
        folder.rmdir()
    except OSError as problem:
        if problem.errno not in (errno.ENOTEMPTY, errno.ENOENT):
            raise


def size_of(path: Path) -> int:
    """The bytes a file really takes; 0 if it is not there."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def refusal_of(problem: OSError) -> Refusal:
    """What to tell of a file operation that failed."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refusal("The host's disk is full.", code="no_space", internal=str(problem))
    return Refusal("A file operation failed on the host.", internal=str(problem))
