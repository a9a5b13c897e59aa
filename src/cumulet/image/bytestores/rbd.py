"""Bytes as block images in a pool of a Ceph cluster.

    incoming.<key>.<writer>    being written
    images.<key>               complete: with a protected snapshot, of which servers' disks can be clones
    quarantine.<key>.<since>   those of deleted images; since when, in milliseconds since the epoch

Each name has the store's prefix before it, so that a pool can be shared. An image changes its state by its name, at one stroke,
and clones do not notice: they know their parent by its id. Clients which find nothing under a name cannot make new ones.
Ceph does not remove an image that somebody has open for writing, and takes half a minute to see that a writer has died; so a writer
that is not wanted any more loses the name it writes under, and what it wrote is found again as incoming, under a key of its own:
the old one may be an image's by then.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from ...kernel.ceph.block_image import BlockImage
from ...kernel.ceph.client import Client
from ...kernel.ceph.pool import Pool
from ...kernel.errors import Conflict, TooLarge, Unavailable
from ...kernel.ids import new_hex
from .protocol import BLOCK, Health, Quarantined, Sink
from .settings import RbdSettings

T = TypeVar("T")

SNAPSHOT = "snap"
_LOST = "+lost"
_ORDER = 23  # objects of 8 MiB
_OBJECT = 1 << _ORDER
_LARGEST_STEP = 1 << 33
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class RbdStore:
    """Part of a pool, which must be there. Raises ValueError as `Pool` does."""

    kind = "rbd"
    read_only = False
    private = True

    def __init__(self, settings: RbdSettings) -> None:
        self._settings = settings
        self.pool = Pool(Client(settings.conf, settings.user, settings.keyring, settings.patience), settings.pool)

    def properties(self) -> dict[str, str | int | bool]:
        """Where the pool is, and who we are there."""
        told = self._settings
        return {"pool": told.pool, "conf": told.conf, "user": told.user, "chunk_size": _OBJECT, "thin_provisioning": True}

    def health(self) -> Health:
        """Whether the cluster answers, and what the pool can take: copies and quotas are accounted for."""
        try:
            room = self.pool.room()
        except OSError as problem:
            return Health(f"The Ceph pool cannot be used: {problem.strerror}.")
        return Health(None, room.free, room.total) if room else Health()

    def begin(self, key: str) -> Sink:
        """An empty image, of which nobody else knows the name."""
        name = self._named("incoming", f"{key}.{new_hex()}")
        storing(self.pool.create, name, _ORDER)
        return _RbdSink(self.pool, storing(self.pool.open, name, None, True), self.image(key))

    def image(self, key: str) -> str:
        """The name of complete bytes in the pool."""
        return self._named("images", key)

    def _named(self, state: str, rest: str) -> str:
        return f"{self._settings.prefix}{state}.{rest}"

    def blocks(self, key: str, offset: int, count: int) -> Iterator[bytes]:
        """Read the snapshot."""
        if not count:
            return
        with closing(reading(self.pool.open, self.image(key), SNAPSHOT)) as image:
            while count > 0:
                block = reading(image.read, offset, min(BLOCK, count))
                if not block:
                    raise Unavailable("The image's data ends too early.", internal=f"{image.name} at {offset}")
                yield block
                offset, count = offset + len(block), count - len(block)

    def size(self, key: str) -> int | None:
        """The snapshot's size."""
        return reading(self._size, self.image(key))

    def _size(self, name: str) -> int | None:
        try:
            with self.pool.opened(name, SNAPSHOT) as image:
                return image.size()
        except FileNotFoundError:
            return None

    def path(self, key: str) -> Path | None:
        """Never a local file."""
        return None

    def url(self, key: str) -> str:
        """Cluster, pool, image and snapshot, for those who may read the pool."""
        return "rbd://" + "/".join(quote(each, "") for each in (self.pool.fsid, self.pool.name, self.image(key), SNAPSHOT))

    def address(self, key: str) -> str:
        """The same."""
        return self.url(key)

    def drop(self, key: str) -> None:
        """Remove the images; what somebody may be writing to gets a key of its own instead, under which it is dropped later."""
        for name in self._incoming(key):
            storing(self._drop_incoming, name, key)
        storing(self._remove, self.image(key))

    def _incoming(self, key: str) -> list[str]:
        return [name for name, found, _ in self._pairs("incoming") if found == key]

    def _drop_incoming(self, name: str, key: str) -> None:
        try:
            self._remove(name)
        except OSError as problem:
            if problem.errno != errno.EBUSY or key.endswith(_LOST):
                raise
            self.pool.rename(name, self._named("incoming", f"{key}{_LOST}.{new_hex()}"))

    def _remove(self, name: str) -> None:
        """Snapshot first; done already if it is not there. Raises OSError with EBUSY if it has clones or a writer."""
        try:
            if self._has_clones(name):
                raise OSError(errno.EBUSY, "it has clones", name)
            with self.pool.opened(name, writable=True) as image, suppress(FileNotFoundError):
                image.remove_snapshot(SNAPSHOT)
            self.pool.remove(name)
        except FileNotFoundError:
            return

    def _has_clones(self, name: str) -> bool:
        try:
            with self.pool.opened(name, SNAPSHOT) as image:
                return image.has_clones()
        except FileNotFoundError:
            return False

    def quarantine(self, key: str, now: float) -> None:
        """Rename."""
        storing(self._put_away, self.image(key), self._named("quarantine", f"{key}.{now * 1000:.0f}"))

    def _put_away(self, name: str, other: str) -> None:
        with suppress(FileNotFoundError):
            self.pool.rename(name, other)

    def restore(self, key: str, now: float) -> bool:
        """Rename back; not if it has lost its snapshot, with which purging begins."""
        for name, found, _ in self._pairs("quarantine"):
            if found == key:
                storing(self._restore, name, self.image(key))
        return self.size(key) is not None

    def _restore(self, name: str, other: str) -> None:
        with suppress(FileNotFoundError):
            with self.pool.opened(name, writable=True) as image:
                image.protect(SNAPSHOT)
            self.pool.rename(name, other)

    def purge(self, key: str) -> None:
        """Remove the image, unless it has clones."""
        for name, found, _ in self._pairs("quarantine"):
            if found == key:
                storing(self._remove, name)

    def incoming(self) -> list[str]:
        """By their names."""
        return list(dict.fromkeys(key for _, key, _ in self._pairs("incoming")))

    def complete(self) -> list[str]:
        """By their names."""
        start = self._named("images", "")
        return [name.removeprefix(start) for name in reading(self.pool.names) if name.startswith(start)]

    def quarantined(self) -> list[Quarantined]:
        """By their names; each is opened for its size."""
        found = [
            Quarantined(key, int(since) / 1000, reading(self._size, name) or 0) for name, key, since in self._pairs("quarantine")
        ]
        return sorted(found, key=lambda entry: entry.since)

    def _pairs(self, state: str) -> list[tuple[str, str, str]]:
        """Name, key, and what stands behind the key."""
        start = self._named(state, "")
        names = [name for name in reading(self.pool.names) if name.startswith(start)]
        parted = [(name, name.removeprefix(start).rpartition(".")) for name in names]
        return [(name, key, rest) for name, (key, _, rest) in parted]


class _RbdSink:
    """An image that grows in steps while it is written."""

    def __init__(self, pool: Pool, image: BlockImage, destination: str) -> None:
        self._pool, self._image, self._destination = pool, image, destination
        self._end = self._room = 0

    def write(self, block: bytes) -> None:
        """Append; a block of nothing but zeros is left out."""
        end = self._end + len(block)
        if block[0] or block != bytes(len(block)):
            if end > self._room:
                self._grow(end)
            storing(self._image.write, self._end, block)
        self._end = end

    def _grow(self, end: int) -> None:
        """At least to `end`, and twice as large, so that few steps are needed; room that is not written takes none."""
        self._room = end + max(_OBJECT, min(end, _LARGEST_STEP))
        storing(self._image.resize, self._room)

    def take(self, path: Path) -> bool:
        """A local file has to be sent."""
        return False

    def flush(self) -> None:
        """From now on the image is as large as its content."""
        storing(self._image.resize, self._end)
        storing(self._image.flush)
        self._room = self._end

    def look(self, offset: int, count: int) -> bytes:
        """Read; nothing where the image has ended."""
        count = max(0, min(count, self._end - offset))
        return reading(self._image.read, offset, count) if count else b""

    def keep(self) -> None:
        """Make the snapshot of exactly what was written and protect it, then give the image its name."""
        self.flush()
        storing(self._image.make_snapshot, SNAPSHOT)
        storing(self._image.protect, SNAPSHOT)
        self._image.close()
        storing(self._pool.rename, self._image.name, self._destination)

    def close(self) -> None:
        """Close the image."""
        self._image.close()


def storing(work: Callable[..., T], *arguments: object) -> T:
    """Change something in the pool. Raises TooLarge if it is full, Conflict (code `in_use`), Unavailable if it fails otherwise."""
    try:
        return work(*arguments)
    except OSError as problem:
        if problem.errno in _FULL:
            raise TooLarge("The image store is full.", internal=str(problem)) from None
        if problem.errno == errno.EBUSY:
            raise Conflict("The image's data is in use.", "in_use", internal=str(problem)) from None
        raise Unavailable("The image store cannot be written now.", internal=str(problem)) from None


def reading(work: Callable[..., T], *arguments: object) -> T:
    """Read something of the pool. Raises Unavailable."""
    try:
        return work(*arguments)
    except OSError as problem:
        raise Unavailable("The image's data cannot be read now.", internal=str(problem)) from None
