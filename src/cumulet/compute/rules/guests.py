"""What a host is told of a server."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ...contract.guests import DiskSpec, GuestSpec, PortSpec
from ...placement.operations.topology.holding import Holding
from ..model import CONFIG, LOCAL, Disk, Server


class Made(Struct, frozen=True):
    """A local disk that the agent has made."""

    disk_id: str
    path: str
    format: str


def disk_spec(disk: Disk) -> DiskSpec:
    """A local disk as its host is told of it; its path is empty until it is made."""
    cdrom = disk.label == CONFIG
    return DiskSpec(
        disk_id=disk.volume_id or disk.id,
        path=disk.path or "",
        format=disk.format or ("raw" if cdrom else "qcow2"),
        device=disk.device.removeprefix("/dev/"),
        serial=disk.volume_id or disk.id,
        bus=disk.bus or ("sata" if cdrom else "virtio"),
        kind="cdrom" if cdrom else "disk",
        volume_id=disk.volume_id,
        readonly=cdrom,
    )


def boot_order(disks: Sequence[Disk]) -> list[Disk]:
    """The disks as a guest should see them: those to boot from first, the config drive last."""

    def order(disk: Disk) -> tuple[bool, int, str]:
        boots = disk.boot_index is not None and disk.boot_index >= 0
        return disk.label == CONFIG, (disk.boot_index or 0) if boots else 1000, disk.device

    return sorted(disks, key=order)


def guest_spec(server: Server, disks: Sequence[DiskSpec], ports: Sequence[PortSpec], held: Holding) -> GuestSpec:
    """The whole guest; `held` is what it holds inside its host."""
    flavor = server.flavor
    about = {
        "name": server.name,
        "project_id": server.project_id,
        "user_id": server.user_id,
        "flavor": flavor["name"],
        "image_id": server.image_id or "",
        "created_at": server.created_at,
    }
    return GuestSpec(
        server_id=server.id,
        name=server.hostname,
        vcpus=flavor["vcpus"],
        memory_mb=flavor["ram"],
        disks=list(disks),
        ports=list(ports),
        metadata=about,
        extra_specs=flavor["extra_specs"],
        image_properties=server.image_properties,
        devices=held.devices,
        cells=held.cells,
        bound=held.bound,
    )


def with_made(guest: GuestSpec, made: Sequence[Made]) -> GuestSpec:
    """The guest with the disks where the agent has put them."""
    found = {disk.disk_id: disk for disk in made}
    disks = [
        msgspec.structs.replace(disk, path=found[disk.disk_id].path, format=found[disk.disk_id].format)
        if disk.disk_id in found
        else disk
        for disk in guest.disks
    ]
    return msgspec.structs.replace(guest, disks=disks)


def to_make(disks: Sequence[Disk]) -> list[Disk]:
    """The disks that the host has to make, the root disk first."""
    return [disk for disk in boot_order(disks) if disk.place == LOCAL and disk.path is None]
