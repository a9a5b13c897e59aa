"""Bytes as files in a folder.

    incoming/     uploads that are being written
    images/       complete ones
    quarantine/   those of deleted images, with the time of their quarantine as modification time

A file's name is its key. Bytes are complete once they are in `images`: they were flushed to disk before they were renamed into it.
Runs of zeros are not written, so that an image needs no more room than it has content; where the file system can share blocks
between files, a staged image is taken over without being copied.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ...kernel.durable import sync
from ...kernel.errors import TooLarge, Unavailable
from .protocol import BLOCK, Health, Quarantined, Sink
from .writeout import begin_writing

T = TypeVar("T")

_FICLONE = 0x40049409  # linux/fs.h
_WRITE_OUT = 4 << 20
"""After so many bytes the disk begins to write them, while more are received: fewer are left for the flush at the end."""


class FileStore:
    """The folder `root`, which is made if it is not there. `sparse`: zeros are left out of files."""

    kind = "file"
    read_only = False
    private = True

    def __init__(self, root: Path, sparse: bool = True) -> None:
        self.root = root.absolute()
        self.sparse = sparse
        self._incoming, self._images, self._quarantine = (self.root / name for name in ("incoming", "images", "quarantine"))
        for folder in (self._incoming, self._images, self._quarantine):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)

    def properties(self) -> dict[str, str | int | bool]:
        """The folder."""
        return {"data_dir": str(self.root), "chunk_size": BLOCK, "thin_provisioning": self.sparse}

    def health(self) -> Health:
        """The disk under the folder."""
        try:
            figures = os.statvfs(self._images)
        except OSError as problem:
            return Health(f"The folder cannot be read: {os.strerror(problem.errno or 0)}.")
        return Health(None, figures.f_bavail * figures.f_frsize, figures.f_blocks * figures.f_frsize)

    def begin(self, key: str) -> Sink:
        """A new file in `incoming`."""
        path = self._incoming / key
        return _FileSink(path, self._images / key, storing(os.open, path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640), self.sparse)

    def blocks(self, key: str, offset: int, count: int) -> Iterator[bytes]:
        """Read with one call of the system for each block."""
        try:
            file = (self._images / key).open("rb", buffering=0)
        except OSError as problem:
            raise Unavailable("The image's data cannot be read now.", internal=str(problem)) from None
        with file:
            while count > 0:
                block = os.pread(file.fileno(), min(BLOCK, count), offset)
                if not block:
                    raise Unavailable("The image's data ends too early.", internal=f"{file.name} at {offset}")
                yield block
                offset, count = offset + len(block), count - len(block)

    def size(self, key: str) -> int | None:
        """The file's length."""
        path = self.path(key)
        return path.stat().st_size if path else None

    def path(self, key: str) -> Path | None:
        """The file."""
        path = self._images / key
        return path if path.exists() else None

    def url(self, key: str) -> str:
        """For an agent that sees the same folder."""
        return (self._images / key).as_uri()

    def address(self, key: str) -> str:
        """The same."""
        return self.url(key)

    def drop(self, key: str) -> None:
        """Unlink."""
        for folder in (self._incoming, self._images):
            (folder / key).unlink(missing_ok=True)

    def quarantine(self, key: str, now: float) -> None:
        """Rename into the other folder."""
        _move(self._images / key, self._quarantine / key, now)

    def workplace(self, key: str) -> Path:
        """Where a program may write bytes that `adopt` then takes in."""
        return self._incoming / key

    def adopt(self, path: Path, key: str) -> None:
        """Make a file of `workplace` complete bytes. Raises TooLarge, Unavailable."""
        descriptor = storing(os.open, path, os.O_RDWR)
        sink = _FileSink(path, self._images / key, descriptor, False, os.fstat(descriptor).st_size)
        try:
            sink.keep()
        finally:
            sink.close()

    def restore(self, key: str, now: float) -> bool:
        """Rename back."""
        _move(self._quarantine / key, self._images / key, now)
        return (self._images / key).exists()

    def purge(self, key: str) -> None:
        """Unlink."""
        (self._quarantine / key).unlink(missing_ok=True)

    def incoming(self) -> list[str]:
        """What is in the folder `incoming`."""
        return os.listdir(self._incoming)

    def complete(self) -> list[str]:
        """What is in the folder `images`."""
        return os.listdir(self._images)

    def quarantined(self) -> list[Quarantined]:
        """What is in the folder `quarantine`."""
        with os.scandir(self._quarantine) as entries:
            found = [Quarantined(e.name, e.stat().st_mtime, e.stat().st_size) for e in entries]
        return sorted(found, key=lambda entry: entry.since)


class _FileSink:
    """A file in `incoming`."""

    def __init__(self, path: Path, destination: Path, descriptor: int, sparse: bool, end: int = 0) -> None:
        self._path, self._destination, self._descriptor, self._sparse = path, destination, descriptor, sparse
        self._end = self._written_out = end

    def write(self, block: bytes) -> None:
        """Append; a block of nothing but zeros becomes a hole."""
        if self._sparse and not block[0] and block == bytes(len(block)):
            self._end += len(block)
            return
        rest = memoryview(block)
        while rest:
            written = storing(os.pwrite, self._descriptor, rest, self._end)
            self._end, rest = self._end + written, rest[written:]
        if self._end - self._written_out >= _WRITE_OUT:
            begin_writing(self._descriptor, self._written_out, self._end - self._written_out)
            self._written_out = self._end

    def take(self, path: Path) -> bool:
        """Share the blocks of the other file (`ioctl_ficlone(2)`)."""
        try:
            with path.open("rb") as other:
                fcntl.ioctl(self._descriptor, _FICLONE, other.fileno())
        except OSError:
            return False
        self._end = os.fstat(self._descriptor).st_size
        return True

    def flush(self) -> None:
        """A hole at the end is part of the file, too."""
        storing(os.ftruncate, self._descriptor, self._end)

    def look(self, offset: int, count: int) -> bytes:
        """Read from the file."""
        return os.pread(self._descriptor, count, offset)

    def keep(self) -> None:
        """Flush to disk, then rename."""
        storing(self._keep)

    def _keep(self) -> None:
        os.ftruncate(self._descriptor, self._end)
        os.fsync(self._descriptor)
        if not os.path.samestat(os.fstat(self._descriptor), os.stat(self._path)):
            raise FileExistsError("somebody else writes under this key now")
        self._path.rename(self._destination)
        sync(self._destination.parent)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def storing(work: Callable[..., T], *arguments: Any) -> T:
    """Do something to the disk. Raises TooLarge if it is full, Unavailable if it fails otherwise."""
    try:
        return work(*arguments)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise TooLarge("The image store is full.", internal=str(problem)) from None
        raise Unavailable("The image store cannot be written now.", internal=str(problem)) from None


def _move(source: Path, destination: Path, now: float) -> None:
    try:
        os.utime(source, (now, now))
        source.rename(destination)
    except FileNotFoundError:
        return
    sync(source.parent)
    sync(destination.parent)
