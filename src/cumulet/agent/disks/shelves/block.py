"""Root disks as block images (RBD) in a pool of a Ceph cluster, of which several hosts may have some.

    disks.<server>.root         in its place
    disks-making.<object>       being made, by whoever has the object in his ledger
    disks-quarantine.<object>   deleted

The ledger has them as `rbd://<cluster>/<pool>/<image>`. A name in place is the server's, not the host's: no second host can make
the same server's root disk (K4). Renaming is one step in RBD, and works under a guest.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeVar

from cumulet.contract.guests import ImageSource
from cumulet.kernel.ceph.client import Client
from cumulet.kernel.ceph.pool import Pool, Snapshot

from ...refusals import Refusal
from ...store.ledger import Object
from .. import sources
from ..layout import safe
from .protocol import Build

R = TypeVar("R")

SCHEME = "rbd://"
_THREADS = 4
_ABANDONED = 45  # seconds; Ceph takes 30 to see that a writer has died
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Address(NamedTuple):
    """Where a block image is."""

    fsid: str
    pool: str
    image: str


def address(path: str) -> Address:
    """The parts of an object's path."""
    return Address(*path.removeprefix(SCHEME).split("/"))


class BlockShelf:
    """A `Shelf` of block images. Raises ValueError as `Pool` does. What it makes has one writer at a time (K3)."""

    def __init__(self, client: Client, pool: str) -> None:
        self._pool = Pool(client, pool)
        # A cluster that hangs must not keep the process's other short work waiting for a thread.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ceph")

    @property
    def fsid(self) -> str:
        """The cluster's identity."""
        return self._pool.fsid

    def place(self, owner: str, kind: str) -> str:
        """By the owner's name."""
        return self._path(f"disks.{safe(owner)}.{safe(kind)}")

    def kept(self, object_id: str) -> str:
        """By the object's id."""
        return self._path(f"disks-quarantine.{object_id}")

    def _path(self, name: str) -> str:
        return f"{SCHEME}{self._pool.fsid}/{self._pool.name}/{name}"

    def shown(self, path: str) -> str:
        """As it is."""
        return path

    def size(self, path: str) -> int:
        """Nothing of the host's own disk."""
        return 0

    async def virtual_size(self, path: str, form: str) -> int:
        """The cluster knows."""
        try:
            return await self._do(self._size, address(path).image)
        except FileNotFoundError:
            raise Refusal("A disk in Ceph is gone.", code="disk_missing", internal=path) from None

    def _size(self, name: str) -> int:
        with self._pool.opened(name) as image:
            return image.size()

    async def absent(self, paths: list[str]) -> list[str]:
        """Those whose names are not in the pool."""
        there = set(await self._do(self._pool.names))
        return [path for path in paths if address(path).image not in there]

    async def make(self, made: Object, build: Build[str]) -> None:
        """Under the attempt's own name first."""
        name = _unfinished(made)
        await self.discard(made)
        try:
            await build(name)
            await self._do(self._pool.rename, name, address(made.path).image)
        except BaseException:
            await self.discard(made)
            raise

    async def clone(self, image: ImageSource, name: str, size: int) -> None:
        """A clone of the image's snapshot, of `size` bytes or as large as the image if 0.

        The bytes are not read: the store hashed them on their way in, and its snapshot can only be removed, not written (T5).
        Raises Refusal: too_small, image_corrupt if the snapshot has another size than the image.
        """
        parent = sources.place(image.url)
        try:
            await self._do(self._clone, Snapshot(parent.pool, parent.image, parent.snapshot), image, name, size)
        except FileNotFoundError as problem:
            message = f"Image {image.image_id} is not in the Ceph cluster."
            raise Refusal(message, internal=str(problem)) from None

    def _clone(self, parent: Snapshot, image: ImageSource, name: str, size: int) -> None:
        self._pool.clone_disk(parent, name)
        with self._pool.opened(name, writable=True) as disk:
            if disk.size() != image.size:
                raise Refusal(f"Image {image.image_id} does not have the size it should have.", code="image_corrupt")
            if size and size < image.size:
                raise Refusal(f"The disk is too small: image {image.image_id} needs {image.size} bytes.", code="too_small")
            if size > image.size:
                disk.resize(size)

    async def create(self, name: str, size: int) -> str:
        """An empty block image, and its path."""
        await self._do(self._pool.create_disk, name, size)
        return self._path(name)

    async def discard(self, made: Object) -> None:
        """Remove it, once Ceph has noticed that who made it is dead."""
        path = self._path(_unfinished(made))
        await self.wait_until_free(path)
        await self.remove(path)

    async def move(self, path: str, other: str) -> None:
        """Rename."""
        await self._do(self._pool.rename, address(path).image, address(other).image)

    async def remove(self, path: str) -> None:
        """Delete. Raises the Refusal in_use while somebody has it open for writing."""
        with contextlib.suppress(FileNotFoundError):
            await self._do(self._pool.remove, address(path).image)

    async def is_open(self, path: str, form: str) -> bool:
        """By who watches it, as whoever writes does."""
        return await self._do(self._is_written, address(path).image)

    def _is_written(self, name: str) -> bool:
        try:
            with self._pool.opened(name) as image:
                return image.has_writers()
        except FileNotFoundError:
            return False

    async def wait_until_free(self, path: str) -> None:
        """Return once nobody can write to it any more (K3). Raises the Refusal in_use if that takes longer than a dead one does."""
        for _ in range(_ABANDONED):
            if not await self.is_open(path, "raw"):
                return
            await asyncio.sleep(1)
        raise Refusal("Somebody else has the disk in Ceph open for writing.", code="in_use", internal=path)

    async def _do(self, work: Callable[..., R], *arguments: object) -> R:
        """In a thread, to its end: what was begun in the cluster is not left alone when nobody waits for it any more."""
        begun = asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *arguments))
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            await asyncio.wait([begun])
            raise
        except FileNotFoundError:
            raise
        except OSError as problem:
            raise _refusal(problem) from None


def _unfinished(made: Object) -> str:
    return f"disks-making.{made.id}"


def _refusal(problem: OSError) -> Refusal:
    if problem.errno in _FULL:
        return Refusal("The Ceph pool for root disks is full.", code="no_space", internal=str(problem))
    if problem.errno == errno.EBUSY:
        return Refusal("Somebody has the disk in Ceph open for writing.", code="in_use", internal=str(problem))
    if problem.errno == errno.EEXIST:
        return Refusal("The Ceph pool has such a disk, which another attempt made.", code="disk_exists", internal=str(problem))
    return Refusal("The Ceph pool for root disks cannot be used now.", internal=str(problem))
