"""Volumes: create, change, extend, delete."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ...contract.guests import ImageSource
from ...image.operations import images
from ...kernel import ids, workflow
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import NewVolume, Volume
from ..store import attachments, volumes
from ..workflows.create_volume import create_volume
from ..workflows.delete_volume import delete_volume
from ..workflows.extend_volume import extend_volume
from . import quotas, zones

__all__ = ["NewVolume", "Volume", "create", "delete", "extend", "get", "page", "status", "update"]

DELETABLE = ("available", "error", "error_deleting", "error_extending")
GIB = 1 << 30


class ImageUse(Struct, frozen=True):
    """An image whose content a volume is to get."""

    source: ImageSource
    metadata: dict[str, Any]
    least_gb: int


async def get(tx: Reader, actor: Actor, volume_id: str) -> Volume:
    """A volume that the actor may see. Raises NotFound."""
    found = await volumes.find(tx, volume_id)
    if found is None or actor.scope not in (None, found.project_id):
        raise NotFound(f"Volume {volume_id} could not be found.")
    return found


async def status(tx: Reader, volume_id: str) -> str:
    """A volume's state; `deleted` if it is not there."""
    found = await volumes.find(tx, volume_id)
    return found.status if found else "deleted"


async def page(tx: Reader, actor: Actor, wanted: Page, all_projects: bool = False) -> list[Volume]:
    """Volumes of the actor's project; of every project only for administrators who ask for it."""
    if not (all_projects and actor.is_admin):
        wanted = wanted.where("project_id", actor.project_id or "")
    return await volumes.page(tx, wanted)


async def create(tx: Tx, actor: Actor, wanted: NewVolume, store: Any = None) -> Volume:
    """A new volume, and its making begun. `store` holds images' bytes.

    Raises Invalid (size, image), NotFound (image, volume type), OverQuota.
    """
    if wanted.volume_type is not None:
        zones.require_type(wanted.volume_type)
    image = await _image(tx, actor, wanted, store) if wanted.image_id else None
    if wanted.size_gb < 1:
        raise Invalid(f"Invalid input received: volume size '{wanted.size_gb}' must be an integer and greater than 0")
    if image is not None and wanted.size_gb < image.least_gb:
        raise Invalid(f"Size of specified image {image.least_gb}GB is larger than volume size {wanted.size_gb}GB.")
    await quotas.require(tx, actor.project_id or "", 1, wanted.size_gb)
    volume = _row(tx, actor, wanted, image)
    await volumes.add(tx, volume)
    await workflow.start(tx, create_volume, volume.id, wanted.host_id, image.source if image else None)
    return volume


def _row(tx: Reader, actor: Actor, wanted: NewVolume, image: ImageUse | None) -> Volume:
    return Volume(
        id=ids.new_uuid(),
        project_id=actor.project_id or "",
        user_id=actor.user_id,
        name=wanted.name,
        description=wanted.description,
        size_gb=wanted.size_gb,
        status="creating",
        zone=wanted.zone,
        bootable=image is not None,
        readonly=False,
        image_id=wanted.image_id,
        image_metadata=image.metadata if image else None,
        metadata=wanted.metadata,
        host_id=None,
        path=None,
        format=None,
        fault=None,
        created_at=tx.stamp,
        updated_at=None,
    )


async def _image(tx: Reader, actor: Actor, wanted: NewVolume, store: Any) -> ImageUse:
    image = await images.get(tx, actor, wanted.image_id or "")
    if image.status != "active":
        raise Invalid(f"Invalid image identifier or unable to access requested image: image {image.id} is {image.status}.")
    virtual = max(image.virtual_size or 0, image.size or 0)
    described = {
        "image_id": image.id,
        "image_name": image.name,
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "min_disk": str(image.min_disk),
        "min_ram": str(image.min_ram),
        "size": str(image.size),
        "checksum": image.checksum,
        **image.properties,
    }
    least = max(image.min_disk, -(-virtual // GIB))
    return ImageUse(await images.source(tx, store, image.id), described, least)


async def update(tx: Tx, volume: Volume, changes: dict[str, Any]) -> Volume:
    """Change what describes a volume."""
    changed = msgspec.structs.replace(volume, updated_at=tx.stamp, **changes)
    await volumes.save(tx, changed)
    return changed


async def extend(tx: Tx, volume: Volume, size_gb: int) -> None:
    """Begin to grow a volume. Raises Invalid (smaller), Conflict (state), OverQuota."""
    if size_gb <= volume.size_gb:
        raise Invalid(f"New size for extend must be greater than current size. (current: {volume.size_gb}, extended: {size_gb}).")
    await quotas.require(tx, volume.project_id, 0, size_gb - volume.size_gb)
    if volume.host_id is None or not await volumes.move(tx, volume.id, "extending", ("available", "in-use")):
        raise Invalid(f"Invalid volume: Volume {volume.id} status must be available or in-use to extend, but is {volume.status}.")
    await workflow.start(tx, extend_volume, volume.id, volume.host_id, size_gb, volume.status)


async def delete(tx: Tx, actor: Actor, volume_id: str, force: bool = False) -> None:
    """Begin to delete a volume. Raises NotFound, Invalid while it is used or in a state of transition."""
    volume = await get(tx, actor, volume_id)
    if await attachments.of_volumes(tx, [volume_id]):
        raise Invalid(f"Invalid volume: Volume {volume_id} is attached; detach it first.")
    allowed = (*DELETABLE, "creating", "deleting", "extending") if force else DELETABLE
    if not await volumes.move(tx, volume_id, "deleting", allowed):
        raise Invalid(
            f"Invalid volume: Volume status must be {' or '.join(DELETABLE)} and must not be migrating, attached, "
            f"belong to a group or have snapshots, but is {volume.status}."
        )
    active = await workflow.active(tx, "volume", volume_id)
    if active is not None and not force:
        raise Conflict(f"Volume {volume_id} is busy: {active.name} goes on.")
    await workflow.start(tx, delete_volume, volume_id, volume.host_id)


async def reset_status(tx: Tx, volume: Volume, to: str) -> None:
    """An administrator's word: the state is `to`, whatever it was. No attachment and no file is touched."""
    await volumes.move(tx, volume.id, to, (volume.status,))


async def set_readonly(tx: Tx, volume: Volume, readonly: bool) -> None:
    """Say whether servers may write. Raises Invalid while one uses it."""
    if volume.status != "available":
        raise Invalid(
            f"Invalid volume: Volume {volume.id} status must be available to update readonly flag, but is {volume.status}."
        )
    await update(tx, volume, {"readonly": readonly})


async def drop_image_metadata(tx: Tx, volume: Volume, key: str) -> None:
    """Forget one item about the image. Raises NotFound."""
    known = volume.image_metadata or {}
    if key not in known:
        raise NotFound(f"Metadata for key {key} could not be found.")
    await update(tx, volume, {"image_metadata": {name: value for name, value in known.items() if name != key}})


def metadata_item(volume: Volume, key: str) -> str:
    """One item of a volume's metadata. Raises NotFound."""
    if key not in volume.metadata:
        raise NotFound(f"Volume {volume.id} has no metadata with key {key}.")
    return volume.metadata[key]


async def set_metadata_item(tx: Tx, volume: Volume, key: str, item: dict[str, str]) -> None:
    """Set one item, given as `{key: value}`. Raises Invalid if the keys differ."""
    if set(item) != {key}:
        raise Invalid("Request body and URI mismatch: the body must hold exactly the key of the path.")
    await update(tx, volume, {"metadata": {**volume.metadata, **item}})


def checked(page: Page, offset: str | None) -> Page:
    """The page, if its offset is one that is understood: pages are found by marker. Raises Invalid."""
    if offset not in (None, "", "0"):
        raise Invalid("Invalid input for field/attribute offset. Use marker.")
    return page


def having(found: list[Volume], asked: str | None) -> list[Volume]:
    """The volumes whose metadata holds every item of `asked`, a JSON or Python dictionary as clients write it. Raises Invalid."""
    if not asked:
        return found
    try:
        wanted = msgspec.json.decode(asked.replace("'", '"'), type=dict[str, str])
    except msgspec.DecodeError:
        raise Invalid(f"Invalid input for field/attribute metadata. Value: {asked}. It must be a dictionary.") from None
    return [volume for volume in found if wanted.items() <= volume.metadata.items()]
