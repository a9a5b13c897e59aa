"""What an agent needs of the host it runs on. `libvirt.host.LibvirtHost` is real, `fake.host.FakeHost` is in memory.

Every method that changes something is idempotent, and raises `refusals.Refusal` when it does not do what it is asked; then
nothing half-done is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from cumulet.contract.commands import (
    Cell,
    CopyVolume,
    CreateBlankDisk,
    CreateConfigDrive,
    CreateRootDisk,
    CreateVolume,
    Device,
    Disk,
    ExportRootDisk,
    Guest,
    HostFacts,
    Kept,
    PagePool,
    Piece,
    Quarantined,
    ReadExport,
)
from cumulet.contract.guests import DiskSpec, GuestSpec, PortSpec

Copy = Callable[[Path], Awaitable[None]]
"""Writes a volume's content to a qcow2 file that is not there yet."""


class Free(Struct, frozen=True):
    """What is unused now: memory in MiB, disk in GiB; and the huge pages, cells and devices that there are."""

    memory_mb: int
    disk_gb: int
    pages: list[PagePool] = []
    cells: list[Cell] = []
    devices: list[Device] = []


class Disks(Protocol):
    """The host's disks and volumes. `key` is remembered as what made the object (K2)."""

    async def create_root(self, order: CreateRootDisk, key: str) -> Disk:
        """Make a root disk. Refuses with disk_exists, disk_missing, image_corrupt, too_small, no_space."""
        ...

    async def create_blank(self, order: CreateBlankDisk, key: str) -> Disk:
        """Make an empty disk. Refuses with disk_exists, disk_missing, no_space."""
        ...

    async def create_config_drive(self, order: CreateConfigDrive, key: str) -> Disk:
        """Make a config drive; an earlier attempt's goes to quarantine. Refuses with no_space."""
        ...

    async def create_volume(self, order: CreateVolume, key: str) -> Disk:
        """Make a volume. Refuses with disk_exists, disk_missing, image_corrupt, too_small, no_space."""
        ...

    async def copy_volume(self, order: CopyVolume, key: str, under_guest: Copy | None) -> Disk:
        """Make a volume that holds what another one holds; `under_guest` writes it to a file if a guest uses that one."""
        ...

    async def export_root(self, order: ExportRootDisk, key: str, under_guest: Copy | None) -> Disk:
        """Write a root disk's whole content to a file that an image owns; `under_guest` does that if the guest runs."""
        ...

    async def read_export(self, order: ReadExport) -> Piece:
        """A piece of that file. Refuses with disk_missing."""
        ...

    async def extend_volume(self, volume_id: str, size_gb: int) -> None:
        """Grow a volume that no running guest uses. Refuses with disk_missing, in_use, no_space."""
        ...

    async def undo(self, server_id: str, created_by: str) -> None:
        """Quarantine the server's objects that the key `created_by`, or a key below it, made."""
        ...

    async def quarantine_server(self, server_id: str) -> None:
        """Quarantine every disk the server owns."""
        ...

    async def quarantine_volume(self, volume_id: str) -> None:
        """Quarantine the volume if it is there."""
        ...

    async def in_place(self) -> list[Kept]:
        """Every disk of a server and every volume that is in its place; not the cached images."""
        ...

    async def set_aside(self, owner: str) -> None:
        """Quarantine every disk of this server or volume, until an operator decides."""
        ...

    async def release(self, object_id: str) -> None:
        """Put an object back from quarantine. Refuses with disk_missing, disk_exists."""
        ...

    async def purge(self, object_id: str) -> None:
        """Remove an object from quarantine for good. Refuses with disk_missing, in_use."""
        ...

    async def quarantined(self) -> list[Quarantined]:
        """Everything in quarantine, oldest first."""
        ...

    async def require(self, server_id: str, disks: list[DiskSpec]) -> None:
        """Refuse with disk_missing unless each disk is on this host and belongs to the server or to its volume (K4)."""
        ...


class Guests(Protocol):
    """The host's guests. A guest that is not known counts as off."""

    async def start(self, guest: GuestSpec) -> None:
        """Plug its ports, define it and start it; done already if it runs."""
        ...

    async def stop(self, server_id: str, grace: float) -> None:
        """Shut it down, by force after `grace` seconds."""
        ...

    async def destroy(self, server_id: str) -> None:
        """Power it off, unplug its ports, forget its definition."""
        ...

    async def attach_disk(self, server_id: str, disk: DiskSpec) -> None:
        """Hot-plug a disk, if the guest runs and has it not."""
        ...

    async def detach_disk(self, server_id: str, disk_id: str) -> None:
        """Unplug a disk. Refuses with detach_refused."""
        ...

    async def attach_port(self, server_id: str, port: PortSpec) -> None:
        """Hot-plug a port, if the guest runs and has it not."""
        ...

    async def detach_port(self, server_id: str, port_id: str) -> None:
        """Unplug a port. Refuses with detach_refused."""
        ...

    async def resize_disk(self, server_id: str, volume_id: str, size_gb: int) -> bool:
        """Grow a volume in the running guest; False if it does not run, or has no such volume."""
        ...

    async def copy_disk(self, server_id: str, volume_id: str, target: Path) -> None:
        """Write what a volume of the running guest holds at this moment to a qcow2 file, while the guest goes on."""
        ...

    async def copy_root(self, server_id: str, target: Path) -> None:
        """The same for its root disk."""
        ...

    async def console(self, server_id: str, lines: int | None) -> str:
        """The end of the serial log. Refuses with guest_missing."""
        ...

    async def running(self, server_id: str) -> bool:
        """Whether the guest has memory now: running, paused or suspended to memory."""
        ...

    async def user_of(self, volume_id: str) -> str | None:
        """Who has memory now and this volume: a server's id, or the name of a guest that is not ours."""
        ...

    async def list(self, measured: bool = False) -> list[Guest]:
        """Every guest on the host, ours or not (C9); `measured` counts their memory exactly, which takes time."""
        ...


class Host(Protocol):
    """One host."""

    @property
    def disks(self) -> Disks:
        """Its disks."""
        ...

    @property
    def guests(self) -> Guests:
        """Its guests."""
        ...

    @property
    def changed(self) -> asyncio.Event:
        """Set when a guest has changed state; whoever has looked clears it."""
        ...

    @property
    def boot(self) -> str:
        """Names the time since the host's last start: a new name means that every guest has ended meanwhile."""
        ...

    async def up(self) -> None:
        """Start or find the daemons. Raises Refusal if the host cannot work."""
        ...

    async def down(self) -> None:
        """Let go. Guests and daemons go on."""
        ...

    async def heal(self) -> list[str]:
        """Repair what the host needs, and tell what was wrong or is."""
        ...

    async def tidy(self) -> None:
        """Purge what has been in quarantine long enough, and images that nothing uses."""
        ...

    async def facts(self) -> HostFacts:
        """What the host is and has."""
        ...

    async def free(self) -> Free:
        """What is unused now."""
        ...


class Switch(Protocol):
    """The host's part in the networks: a tap per port on the integration bridge. `ovs.switch.Switch` is real."""

    @property
    def userspace(self) -> bool:
        """Whether packets are forwarded by a process, which knows nothing of offloads."""
        ...

    async def up(self) -> None:
        """Start or find the daemons and bridges."""
        ...

    async def release(self) -> None:
        """Let go; traffic flows on."""
        ...

    async def down(self) -> None:
        """Stop the daemons, and delete every tap and namespace."""
        ...

    async def heal(self) -> list[str]:
        """Repair, and tell what was wrong."""
        ...

    async def plug(self, port: PortSpec) -> None:
        """Make the port's tap and connect it; done already if it is there."""
        ...

    async def unplug(self, port_id: str) -> None:
        """Remove the port's tap if it is there."""
        ...
