"""Which disks an image describes that is made of snapshots: its properties `block_device_mapping`, `bdm_v2`, `root_device_name`.

https://docs.openstack.org/nova/latest/user/block-device-mapping.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ....kernel.errors import Invalid
from ..disks import Asked

MAPPING, SECOND, ROOT_DEVICE = "block_device_mapping", "bdm_v2", "root_device_name"
NAMES = (MAPPING, SECOND, ROOT_DEVICE)


class Device(Struct, kw_only=True):
    """A snapshot of a volume that becomes a volume of a server; `volume_size` in GiB. What is always the same is not kept."""

    snapshot_id: str
    volume_size: Annotated[int, Meta(ge=1)]
    boot_index: int | None = None
    device_name: str | None = None
    delete_on_termination: bool = False
    disk_bus: str | None = None
    tag: str | None = None
    source_type: str = "snapshot"
    destination_type: str = "volume"


_ALWAYS = dict.fromkeys(("device_type", "guest_format", "image_id", "no_device", "volume_id", "volume_type"))


def properties_of(devices: Sequence[Device], root_device: str) -> dict[str, str]:
    """What an image says of such disks."""
    described = [{**_ALWAYS, **msgspec.to_builtins(device)} for device in devices]
    return {MAPPING: json.dumps(described), SECOND: "True", ROOT_DEVICE: root_device}


def disks_of(properties: Mapping[str, Any]) -> list[Asked]:
    """The disks that an image brings along; none if it says nothing of them. Raises Invalid."""
    text = properties.get(MAPPING)
    if not text or str(properties.get(SECOND)).lower() != "true":
        return []
    try:
        devices = msgspec.json.decode(text, type=list[Device])
    except msgspec.DecodeError as problem:
        raise Invalid(f"The image's {MAPPING} cannot be read: {problem}.") from None
    if any((device.source_type, device.destination_type) != ("snapshot", "volume") for device in devices):
        raise Invalid(f"The image's {MAPPING} names other things than snapshots of volumes.")
    return [_asked(device) for device in devices]


def merged(mapped: Sequence[Asked], asked: Sequence[Asked]) -> list[Asked]:
    """The disks of an image with those that the client asks for, who may replace some by their device.

    Clients ask for a boot disk made from the image as from every other one; one that brings its own boot disk has none to make.
    """
    if any(disk.boot_index == 0 for disk in mapped):
        asked = [disk for disk in asked if (disk.source, disk.boot_index) != ("image", 0)]
    replaced = {disk.device for disk in asked if disk.device}
    return [*(disk for disk in mapped if disk.device not in replaced), *asked]


def _asked(device: Device) -> Asked:
    return Asked(
        source="snapshot",
        place="volume",
        source_id=device.snapshot_id,
        size_mb=device.volume_size * 1024,
        boot_index=device.boot_index,
        device=device.device_name,
        bus=device.disk_bus,
        delete_on_termination=device.delete_on_termination,
        tag=device.tag,
    )
