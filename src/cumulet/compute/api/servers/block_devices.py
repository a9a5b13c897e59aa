"""The two ways in which clients describe disks. https://docs.openstack.org/nova/latest/user/block-device-mapping.html"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ....kernel.errors import Invalid
from ....kernel.http import Lives
from ...rules.disks import Asked
from .. import values as v

DeviceName = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9._/-]*$")]
Short = Annotated[str, Meta(max_length=255)]
_BUSES = ("fdc", "ide", "sata", "scsi", "usb", "virtio", "lxc", "uml", "xen")


class BlockDevice(Struct, kw_only=True, forbid_unknown_fields=True):
    """An item of `block_device_mapping_v2`."""

    source_type: Literal["volume", "image", "snapshot", "blank"] | None = None
    destination_type: Literal["local", "volume"] | None = None
    uuid: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9._-]*$")] | None = None
    boot_index: int | str | None = None
    device_name: DeviceName | None = None
    delete_on_termination: v.Flag = False
    volume_size: v.Count | None = None
    guest_format: Short | None = None
    device_type: Short | None = None
    disk_bus: Short | None = None
    tag: Annotated[v.Tag | None, Lives("2.32")] = None
    volume_type: Annotated[Short | None, Lives("2.67")] = None
    image_id: str | None = None
    volume_id: str | None = None
    snapshot_id: str | None = None
    virtual_name: Short | None = None
    no_device: Any = None
    connection_info: str | None = None


class LegacyBlockDevice(Struct, kw_only=True, forbid_unknown_fields=True):
    """An item of the old `block_device_mapping`."""

    virtual_name: Short | None = None
    volume_id: str | None = None
    snapshot_id: str | None = None
    volume_size: v.Count | None = None
    device_name: DeviceName | None = None
    delete_on_termination: v.Flag = False
    no_device: Any = None
    connection_info: str | None = None


def asked(devices: Sequence[BlockDevice], with_image: bool) -> list[Asked]:
    """What they come to. Raises Invalid."""
    return [_asked(device, with_image) for device in devices if not device.no_device]


def _asked(device: BlockDevice, with_image: bool) -> Asked:
    source = device.source_type
    if source is None:
        raise _invalid("Some required fields are missing")
    if source == "blank" and device.uuid:
        raise _invalid("Invalid device UUID.")
    if source != "blank" and not device.uuid:
        raise _invalid("Missing device UUID.")
    place = device.destination_type or ("volume" if source in ("volume", "snapshot") else "local")
    boot_index = _boot_index(device.boot_index)
    if source == "image" and place == "local" and not (with_image and boot_index == 0):
        raise _invalid("Mapping image to local is not supported.")
    if source in ("volume", "snapshot") and place == "local":
        raise _invalid(f"Mapping {source} to local is not supported.")
    if device.volume_type and (place == "local" or source == "volume"):
        raise _invalid("Specifying a volume_type with destination_type=local or an existing volume is not supported.")
    if device.disk_bus is not None and device.disk_bus not in _BUSES:
        raise _invalid(f"disk bus {device.disk_bus} is not one of {', '.join(_BUSES)}")
    swap = device.guest_format == "swap"
    size = None if device.volume_size is None else v.count("volume_size", device.volume_size, least=0)
    return Asked(
        source=source,
        place=place,
        source_id=device.uuid,
        size_mb=size if swap or size is None else size * 1024,
        boot_index=boot_index,
        device=device.device_name,
        bus=device.disk_bus,
        swap=swap and source == "blank",
        delete_on_termination=v.flag("delete_on_termination", device.delete_on_termination),
        tag=device.tag,
        volume_type=device.volume_type,
    )


def _boot_index(given: int | str | None) -> int | None:
    if given is None:
        return None
    index = v.count("boot_index", given, least=-0x7FFFFFFF)
    return index if index >= 0 else None


def from_legacy(devices: Sequence[LegacyBlockDevice], with_image: bool) -> list[Asked]:
    """What the old form comes to: without an image the first volume boots. Raises Invalid."""
    found: list[Asked] = []
    for device in devices:
        if device.no_device:
            continue
        if device.volume_id is None:
            raise _invalid("Unrecognized legacy format.")
        boots = not with_image and not found
        found.append(
            Asked(
                source="volume",
                place="volume",
                source_id=device.volume_id,
                boot_index=0 if boots else None,
                device=device.device_name
                if device.device_name is None or "/" in device.device_name
                else f"/dev/{device.device_name}",
                delete_on_termination=v.flag("delete_on_termination", device.delete_on_termination),
            )
        )
    return found


def _invalid(why: str) -> Invalid:
    return Invalid(f"Block Device Mapping is Invalid: {why}")
