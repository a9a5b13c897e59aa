"""Disks that are numbers."""

from __future__ import annotations

from pathlib import Path

from cumulet.contract.commands import (
    CopyVolume,
    CreateBlankDisk,
    CreateConfigDrive,
    CreateRootDisk,
    CreateVolume,
    Disk,
    ExportRootDisk,
    ExtendVolume,
    Kept,
    Piece,
    PurgeObject,
    Quarantined,
    QuarantineDisks,
    QuarantineVolume,
    ReadExport,
    ReleaseObject,
    SetAside,
    UndoDisks,
)
from cumulet.contract.guests import DiskSpec, ImageSource
from cumulet.kernel.clock import stamp
from cumulet.kernel.ids import derived_uuid

from ..host import Copy
from ..keys import made_by
from ..refusals import Refusal
from .world import FakeDisk, World

GIB = 1024**3


class FakeDisks:
    """Implements `agent.host.Disks`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def create_root(self, order: CreateRootDisk, key: str) -> Disk:
        """Make a root disk."""
        await self._world.faults.meet(CreateRootDisk)
        size = self._size_for(order.image, order.size_gb)
        return self._make(order.server_id, "root", size, key)

    async def create_blank(self, order: CreateBlankDisk, key: str) -> Disk:
        """Make an empty disk."""
        await self._world.faults.meet(CreateBlankDisk)
        return self._make(order.server_id, order.label, order.size_mb * 1024**2, key)

    async def create_config_drive(self, order: CreateConfigDrive, key: str) -> Disk:
        """Make a config drive; an earlier attempt's goes to quarantine."""
        await self._world.faults.meet(CreateConfigDrive)
        earlier = self._world.disks.get(order.server_id, {}).get("config")
        if earlier is not None and earlier.created_by != key:
            self._put_away(earlier)
        size = sum(map(len, order.files.values()))
        return self._make(order.server_id, "config", size, key)

    async def create_volume(self, order: CreateVolume, key: str) -> Disk:
        """Make a volume."""
        await self._world.faults.meet(CreateVolume)
        size = self._size_for(order.image, order.size_gb) if order.image else order.size_gb * GIB
        return self._make(order.volume_id, "volume", size, key)

    async def copy_volume(self, order: CopyVolume, key: str, under_guest: Copy | None) -> Disk:
        """Make a volume as large as another one, or larger."""
        await self._world.faults.meet(CopyVolume)
        source = self._world.disks.get(order.source_id, {}).get("volume")
        if source is None or source.missing:
            raise Refusal(f"Volume {order.source_id} is not on this host.", code="disk_missing")
        if under_guest is not None:
            await under_guest(Path(self._world.path(order.volume_id, "volume")))
        return self._make(order.volume_id, "volume", max(source.size, order.size_gb * GIB), key)

    async def export_root(self, order: ExportRootDisk, key: str, under_guest: Copy | None) -> Disk:
        """Make a file as large as the root disk."""
        await self._world.faults.meet(ExportRootDisk)
        source = self._world.disks.get(order.server_id, {}).get("root")
        if source is None or source.missing:
            raise Refusal(f"The root disk of server {order.server_id} is not on this host.", code="disk_missing")
        if under_guest is not None:
            await under_guest(Path(self._world.path(order.image_id, "export")))
        return self._make(order.image_id, "export", source.size, key)

    async def read_export(self, order: ReadExport) -> Piece:
        """A piece of an empty qcow2 of that size."""
        await self._world.faults.meet(ReadExport)
        found = self._world.disks.get(order.image_id, {}).get("export")
        if found is None or found.missing:
            raise Refusal(f"An export for image {order.image_id} is not on this host.", code="disk_missing")
        content = _empty_qcow2(found.size)
        return Piece(content[order.offset : order.offset + order.count], len(content))

    async def extend_volume(self, volume_id: str, size_gb: int) -> None:
        """Grow a volume that no running guest uses."""
        await self._world.faults.meet(ExtendVolume)
        self.grow(volume_id, size_gb)

    def grow(self, volume_id: str, size_gb: int) -> None:
        """Grow a volume, used or not."""
        disk = self._world.disks.get(volume_id, {}).get("volume")
        if disk is None or disk.missing:
            raise Refusal(f"Volume {volume_id} is not on this host.", code="disk_missing")
        growth = max(0, size_gb * GIB - disk.size)
        self._reserve(growth)
        disk.size += growth

    async def undo(self, server_id: str, created_by: str) -> None:
        """Quarantine the server's objects that this key, or a key below it, made."""
        await self._world.faults.meet(UndoDisks)
        for disk in self._owned(server_id):
            if made_by(disk.created_by, created_by):
                self._put_away(disk)

    async def quarantine_server(self, server_id: str) -> None:
        """Quarantine every disk the server owns."""
        await self._world.faults.meet(QuarantineDisks)
        for disk in self._owned(server_id):
            self._put_away(disk)

    async def quarantine_volume(self, volume_id: str) -> None:
        """Quarantine the volume if it is there."""
        await self._world.faults.meet(QuarantineVolume)
        for disk in self._owned(volume_id):
            self._put_away(disk)

    async def quarantined(self) -> list[Quarantined]:
        """Everything in quarantine, oldest first."""
        return list(self._world.quarantine)

    async def in_place(self) -> list[Kept]:
        """Every disk that is there."""
        found = [disk for kinds in self._world.disks.values() for disk in kinds.values() if not disk.missing]
        return [Kept(_object_id(disk), disk.owner, disk.kind, disk.size) for disk in found]

    async def set_aside(self, owner: str) -> None:
        """Quarantine what this server or volume has, until an operator decides."""
        await self._world.faults.meet(SetAside)
        for disk in self._owned(owner):
            self._put_away(disk, held=True)

    async def release(self, object_id: str) -> None:
        """Put an object back from quarantine."""
        await self._world.faults.meet(ReleaseObject)
        disk = self._in_quarantine(object_id)
        kinds = self._world.disks.setdefault(disk.owner, {})
        if disk.kind in kinds:
            raise Refusal(f"{disk.owner} has a {disk.kind} disk in place.", code="disk_exists")
        kinds[disk.kind] = disk
        self._world.allocated += disk.size
        self._forget(object_id)

    async def purge(self, object_id: str) -> None:
        """Remove an object from quarantine for good."""
        await self._world.faults.meet(PurgeObject)
        self._in_quarantine(object_id)
        self._forget(object_id)

    def _in_quarantine(self, object_id: str) -> FakeDisk:
        if object_id not in self._world.put_away:
            raise Refusal(f"There is no object {object_id} in quarantine.", code="disk_missing")
        return self._world.put_away[object_id]

    def _forget(self, object_id: str) -> None:
        del self._world.put_away[object_id]
        self._world.quarantine = [entry for entry in self._world.quarantine if entry.object_id != object_id]

    async def require(self, server_id: str, disks: list[DiskSpec]) -> None:
        """Refuse with disk_missing unless each disk is here and the server's own, or its volume's."""
        for wanted in disks:
            there = self._world.disk_at(wanted.path)
            if there is None or there.missing:
                raise Refusal(f"Disk {wanted.disk_id} of server {server_id} is not on this host.", code="disk_missing")
            if there.owner != (wanted.volume_id or server_id):
                raise Refusal(f"Disk {wanted.disk_id} does not belong to server {server_id}.", code="disk_missing")

    def _owned(self, owner: str) -> list[FakeDisk]:
        return list(self._world.disks.get(owner, {}).values())

    def _size_for(self, image: ImageSource, size_gb: int) -> int:
        if image.image_id in self._world.corrupt_images:
            raise Refusal(f"Image {image.image_id} does not have the content it should have.", code="image_corrupt")
        virtual = image.size if image.disk_format in ("raw", "iso") else 0
        if size_gb and size_gb * GIB < virtual:
            raise Refusal(f"{size_gb} GiB is too small for image {image.image_id}.", code="too_small")
        return size_gb * GIB or image.size

    def _reserve(self, size: int) -> None:
        if self._world.allocated + size > self._world.capacity.disk_gb * GIB:
            raise Refusal(f"{size} bytes do not fit on the host's disk.", code="no_space")
        self._world.allocated += size

    def _make(self, owner: str, kind: str, size: int, key: str) -> Disk:
        world = self._world
        there = world.disks.get(owner, {}).get(kind)
        if there is None:
            self._reserve(size)
            form = "raw" if kind == "config" else "qcow2"
            there = FakeDisk(owner, kind, world.path(owner, kind), form, size, key)
            world.disks.setdefault(owner, {})[kind] = there
        elif there.created_by != key:
            raise Refusal(f"Another attempt made the {kind} disk of {owner}.", code="disk_exists")
        elif there.missing:
            raise Refusal(f"The {kind} disk of {owner} was made and is gone.", code="disk_missing")
        return Disk(there.path, there.format, there.size)

    def _put_away(self, disk: FakeDisk, held: bool = False) -> None:
        world = self._world
        kinds = world.disks[disk.owner]
        del kinds[disk.kind]
        if not kinds:
            del world.disks[disk.owner]
        world.allocated -= disk.size
        if not disk.missing:
            since = stamp(world.clock.now())
            world.put_away[_object_id(disk)] = disk
            world.quarantine.append(Quarantined(_object_id(disk), disk.owner, disk.kind, disk.path, since, disk.size, held))


def _object_id(disk: FakeDisk) -> str:
    return derived_uuid(disk.path, disk.created_by)


def _empty_qcow2(size: int) -> bytes:
    """The header of a qcow2 of version 3 with clusters of 64 KiB (qemu docs/interop/qcow2.txt), and nothing in it."""
    head = b"QFI\xfb" + (3).to_bytes(4, "big") + bytes(12) + (16).to_bytes(4, "big") + size.to_bytes(8, "big")
    return head.ljust(1 << 16, b"\0")
