"""What the agent's commands do to disks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from msgspec import Struct

from cumulet.contract.commands import (
    CopyVolume,
    CreateBlankDisk,
    CreateConfigDrive,
    CreateRootDisk,
    CreateVolume,
    Disk,
    ExportRootDisk,
    Kept,
    Piece,
    Quarantined,
    ReadExport,
)
from cumulet.contract.guests import DiskSpec, ImageSource
from cumulet.kernel.ceph.client import Client

from ..host import Copy
from ..keys import made_by
from ..refusals import Refusal
from ..store.ledger import Ledger, Object
from . import config_drive, files, formats, images, qemu_img
from .exports import Exports
from .images import Base, ImageCache
from .layout import Layout
from .making import Maker, Wanted
from .quarantine import Quarantine
from .shelves.block import SCHEME, BlockShelf
from .shelves.choosing import Shelves
from .shelves.protocol import Shelf

MIB, GIB = 1024**2, 1024**3
_OVERLAY = 2 * MIB  # what an empty qcow2 may take


class Settings(Struct, frozen=True):
    """How long things are kept, in seconds, and how much of the disk stays free, in MiB; `ceph` is for images in a Ceph cluster.

    `root_pool` is the pool of that cluster for new root disks; empty: they are files.
    """

    keep_quarantined: float = 7 * 86400.0
    keep_images: float = 2 * 86400.0
    keep_free_mb: int = 512
    ceph: Client = Client()
    root_pool: str = ""


class LocalDisks:
    """Implements `agent.host.Disks` with files below `state`, and block images in Ceph if root disks are to be such."""

    def __init__(self, state: Path, ledger: Ledger, settings: Settings | None = None) -> None:
        self.layout = Layout(state)
        self._ledger = ledger
        self._settings = settings or Settings()
        self._images = ImageCache(self.layout, ledger, self._need, self._settings.ceph)
        self._shelves = Shelves(self.layout, self._settings.ceph)
        self._maker = Maker(self._shelves.files, ledger)
        self.exports = Exports(state, self._settings.ceph, self._shelves)
        self.quarantine = Quarantine(self.layout, ledger, self._shelves)

    async def up(self) -> None:
        """Make the folders. Raises Refusal if root disks are to be in Ceph, and this host knows no cluster."""
        await asyncio.to_thread(self.layout.prepare)
        if self._settings.root_pool:
            self._shelves.block(self._settings.root_pool)

    async def tidy(self) -> None:
        """Purge what has been kept long enough."""
        await self.quarantine.purge(self._settings.keep_quarantined)
        await self._images.purge(self._settings.keep_images)

    async def space(self) -> files.Space:
        """The size of the disk and what is free for guests, in bytes."""
        found = await asyncio.to_thread(files.space, self.layout.state)
        return files.Space(found.total, max(0, found.free - self._settings.keep_free_mb * MIB))

    async def create_root(self, order: CreateRootDisk, key: str) -> Disk:
        """A qcow2 overlay on the cached image; or a block image."""
        shelf = await self._shelf_of_root(order.server_id)
        if shelf is not None:
            return await self._create_block_root(order, key, shelf)

        async def build(target: Path) -> None:
            base = await self._base(order.image, order.size_gb)
            await self._need(_OVERLAY)
            await qemu_img.overlay(target, base.path, base.format, order.size_gb * GIB)

        # The row names the image before the image is looked for: from then on the cache keeps it.
        return await self._maker.make(Wanted(order.server_id, "root", "qcow2", key, images.object_id(order.image)), build)

    async def _shelf_of_root(self, server_id: str) -> BlockShelf | None:
        """Where the root disk is to be if not in a file; that of one that is being made stays where it is."""
        found = await self._ledger.find(server_id, "root")
        if found is not None:
            return self._shelves.block_of(found.path) if found.path.startswith(SCHEME) else None
        return self._shelves.block(self._settings.root_pool) if self._settings.root_pool else None

    async def _create_block_root(self, order: CreateRootDisk, key: str, shelf: BlockShelf) -> Disk:
        """A clone of a raw image in the same cluster; else a block image with the whole content of the cached image."""
        image = order.image
        cloned = image.disk_format == "raw" and image.url.startswith(f"{SCHEME}{shelf.fsid}/")

        async def build(name: str) -> None:
            if cloned:
                return await shelf.clone(image, name, order.size_gb * GIB)
            base = await self._base(image, order.size_gb)
            path = await shelf.create(name, order.size_gb * GIB or base.virtual_size)
            await qemu_img.fill(base.path, base.format, await self.exports.opened_by_qemu(path))

        base_id = None if cloned else images.object_id(image)
        wanted = Wanted(order.server_id, "root", "raw", key, base_id, keep_base=False)
        return await Maker(shelf, self._ledger).make(wanted, build)

    async def create_blank(self, order: CreateBlankDisk, key: str) -> Disk:
        """An empty qcow2."""
        if order.label in ("root", "config", "volume", "image"):
            raise Refusal(f"An extra disk cannot be called {order.label}.")

        async def build(target: Path) -> None:
            await self._need(_OVERLAY)
            await qemu_img.create(target, order.size_mb * MIB)

        return await self._maker.make(Wanted(order.server_id, order.label, "qcow2", key), build)

    async def create_config_drive(self, order: CreateConfigDrive, key: str) -> Disk:
        """An ISO image; the one of an earlier attempt goes to quarantine."""
        earlier = await self._ledger.find(order.server_id, "config")
        if earlier is not None and earlier.created_by != key:
            await self.quarantine.put(earlier)

        async def build(target: Path) -> None:
            await self._need(sum(map(len, order.files.values())) + MIB)
            await config_drive.build(target, order.files)

        return await self._maker.make(Wanted(order.server_id, "config", "raw", key), build)

    async def create_volume(self, order: CreateVolume, key: str) -> Disk:
        """A qcow2 of its own: empty, or a whole copy of the image."""
        image = order.image

        async def build(target: Path) -> None:
            if image is None:
                await self._need(_OVERLAY)
                await qemu_img.create(target, order.size_gb * GIB)
                return
            base = await self._base(image, order.size_gb)
            await self._need(files.size_of(base.path) + _OVERLAY)
            await qemu_img.copy(base.path, base.format, target)
            await qemu_img.grow(target, "qcow2", order.size_gb * GIB)

        base_id = images.object_id(image) if image else None
        wanted = Wanted(order.volume_id, "volume", "qcow2", key, base_id, keep_base=False)
        return await self._maker.make(wanted, build)

    async def copy_volume(self, order: CopyVolume, key: str, under_guest: Copy | None) -> Disk:
        """A qcow2 of its own with the whole content of another volume."""
        source, path = await self._there(order.source_id, "volume", f"Volume {order.source_id}")

        async def build(target: Path) -> None:
            await self._need(files.size_of(path) + _OVERLAY)
            await (under_guest(target) if under_guest is not None else qemu_img.copy(path, source.format, target))
            if formats.own_size(target, "qcow2") < order.size_gb * GIB:
                await qemu_img.grow(target, "qcow2", order.size_gb * GIB)

        return await self._maker.make(Wanted(order.volume_id, "volume", "qcow2", key), build)

    async def export_root(self, order: ExportRootDisk, key: str, under_guest: Copy | None) -> Disk:
        """A qcow2 with the content of the root disk, its image's included."""
        source, path = await self._there(order.server_id, "root", f"The root disk of server {order.server_id}")

        async def build(target: Path) -> None:
            base = await self._ledger.get(source.base) if source.base else None
            beneath = files.size_of(self.layout.absolute(base.path)) if base else 0
            await self._need(files.size_of(path) + beneath + _OVERLAY)
            await (under_guest(target) if under_guest is not None else qemu_img.copy(path, source.format, target))

        return await self._maker.make(Wanted(order.image_id, "export", "qcow2", key), build)

    async def read_export(self, order: ReadExport) -> Piece:
        """A piece of an export."""
        _, path = await self._there(order.image_id, "export", f"An export for image {order.image_id}")
        return await asyncio.to_thread(_piece, path, order.offset, order.count)

    async def _there(self, owner: str, kind: str, what: str) -> tuple[Object, Path]:
        """An object that is whole, and its file. Raises the Refusal disk_missing, and failed for one that is no file."""
        found = await self._ledger.find(owner, kind)
        if found is not None and found.path.startswith(SCHEME):
            raise Refusal(f"{what} is in Ceph: it cannot be copied yet.")
        path = self.layout.absolute(found.path) if found and found.state == "there" else None
        if found is None or path is None or not path.exists():
            raise Refusal(f"{what} is not on this host.", code="disk_missing")
        return found, path

    async def extend_volume(self, volume_id: str, size_gb: int) -> None:
        """Grow the volume's file; done already if it is as large."""
        found, path = await self._there(volume_id, "volume", f"Volume {volume_id}")
        if formats.own_size(path, found.format) < size_gb * GIB:
            await self._need(_OVERLAY)
            await qemu_img.grow(path, found.format, size_gb * GIB)

    async def undo(self, server_id: str, created_by: str) -> None:
        """Quarantine what this key, or a key below it, made for the server."""
        for found in await self._ledger.owned(server_id):
            if made_by(found.created_by, created_by):
                await self._close(found)
                await self.quarantine.put(found)

    async def quarantine_server(self, server_id: str) -> None:
        """Quarantine every disk the server owns."""
        for found in await self._ledger.owned(server_id):
            await self._close(found)
            await self.quarantine.put(found)

    async def _close(self, found: Object) -> None:
        """What exports a disk of a guest that is off must not outlive the disk's name, by which it is found."""
        if found.path.startswith(SCHEME):
            await self.exports.stop(found.path)

    async def quarantine_volume(self, volume_id: str) -> None:
        """Quarantine the volume if it is there."""
        found = await self._ledger.find(volume_id, "volume")
        if found is not None:
            await self.quarantine.put(found)

    async def quarantined(self) -> list[Quarantined]:
        """Everything in quarantine, oldest first."""
        return await self.quarantine.list()

    async def in_place(self) -> list[Kept]:
        """Every disk and volume that is in its place."""
        found = [each for each in await self._ledger.in_place() if each.kind != "image"]
        return [Kept(each.id, each.owner, each.kind, self._shelves.of(each.path).size(each.path)) for each in found]

    async def set_aside(self, owner: str) -> None:
        """Quarantine what this server or volume has, until an operator decides."""
        for found in await self._ledger.owned(owner):
            await self._close(found)
            await self.quarantine.set_aside(found)

    async def release(self, object_id: str) -> None:
        """Put an object back from quarantine."""
        await self.quarantine.restore(object_id)

    async def purge(self, object_id: str) -> None:
        """Remove an object from quarantine for good."""
        await self.quarantine.purge_one(object_id)

    async def missing(self) -> list[str]:
        """One sentence for each object that the ledger says is there and that is not."""
        told = []
        by_shelf: dict[Shelf[Any], list[Object]] = {}
        for found in await self._ledger.in_place():
            by_shelf.setdefault(self._shelves.of(found.path), []).append(found)
        for shelf, objects in by_shelf.items():
            try:
                absent = set(await shelf.absent([found.path for found in objects]))
            except Refusal as problem:
                told.append(problem.message)
            else:
                gone = [found for found in objects if found.path in absent]
                told += [f"The {found.kind} of {found.owner} was made on this host and is gone." for found in gone]
        return told

    async def exported(self) -> list[Object]:
        """The disks in place that guests reach through an exporter."""
        return [found for found in await self._ledger.in_place() if found.path.startswith(SCHEME)]

    async def require(self, server_id: str, disks: list[DiskSpec]) -> None:
        """Refuse with disk_missing unless each disk is here, whole, and the server's own or its volume's."""
        for wanted in disks:
            found = await self._recorded(wanted)
            if found is None or found.owner != (wanted.volume_id or server_id):
                message = f"Disk {wanted.disk_id} of server {server_id} is not on this host."
                raise Refusal(message, code="disk_missing", internal=wanted.path)
            if await self._shelves.of(found.path).absent([found.path]):
                message = f"Disk {wanted.disk_id} of server {server_id} was made here and is gone."
                raise Refusal(message, code="disk_missing", internal=wanted.path)
            await self._require_base(found, wanted.disk_id)

    async def _recorded(self, wanted: DiskSpec) -> Object | None:
        place = self._shelves.recorded(wanted.path)
        found = await self._ledger.at(place) if place is not None else None
        return found if found is not None and found.state == "there" else None

    async def _require_base(self, found: Object, disk_id: str) -> None:
        if found.base is None:
            return
        base = await self._ledger.get(found.base)
        if base is None or not self.layout.absolute(base.path).exists():
            raise Refusal(f"The image under disk {disk_id} of {found.owner} is gone.", code="disk_missing")

    async def _base(self, image: ImageSource, size_gb: int) -> Base:
        """The cached image, if a disk of `size_gb` GiB can hold it; 0 is its own size."""
        base = await self._images.ensure(image)
        if size_gb and size_gb * GIB < base.virtual_size:
            needed = f"image {image.image_id} needs {base.virtual_size / GIB:.2f}"
            raise Refusal(f"A disk of {size_gb} GiB is too small: {needed}.", code="too_small")
        return base

    async def _need(self, size: int) -> None:
        """Raises the Refusal no_space unless `size` bytes can be written, after an early purge if need be."""
        wanted = size + self._settings.keep_free_mb * MIB
        if files.space(self.layout.state).free < wanted:
            await self.quarantine.make_room(wanted)
        if files.space(self.layout.state).free < wanted:
            raise Refusal(f"{size} bytes do not fit on the host's disk.", code="no_space")


def _piece(path: Path, offset: int, count: int) -> Piece:
    with path.open("rb") as file:
        file.seek(offset)
        return Piece(file.read(count), path.stat().st_size)
