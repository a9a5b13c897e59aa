"""What a new volume's content comes from."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ...image.operations import images
from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import Content, NewVolume, Snapshot, Volume
from ..store import snapshots, volumes

GIB = 1 << 30
COPYABLE = ("available", "in-use")


class Source(Struct, frozen=True):
    """Where content comes from, and what it asks of the volume: at least `least_gb`, a host, a type unless another is named."""

    content: Content = Content()
    least_gb: int = 0
    noun: str = ""
    bootable: bool = False
    image_metadata: dict[str, Any] | None = None
    host_id: str | None = None
    type_id: str | None = None
    copied: bool = False

    def size_gb(self, wanted: int | None) -> int:
        """The volume's size in GiB: a copy is as large as its original if nothing is asked for. Raises Invalid."""
        size = self.least_gb if wanted is None and self.copied else wanted
        if size is None or size < 1:
            raise Invalid(f"Invalid input received: volume size '{wanted}' must be an integer and greater than 0")
        if size < self.least_gb:
            raise Invalid(f"Volume size '{size}'GB cannot be smaller than the {self.noun} size {self.least_gb}GB.")
        return size


async def find(tx: Tx, actor: Actor, wanted: NewVolume, store: Any) -> Source:
    """The content that is asked for. Raises Invalid, NotFound."""
    named = [name for name in ("image_id", "snapshot_id", "source_id") if getattr(wanted, name)]
    if len(named) > 1:
        raise Invalid("May specify only one of image, snapshot and source volume.")
    if wanted.image_id:
        return await _image(tx, actor, wanted.image_id, store)
    if wanted.snapshot_id:
        return await _snapshot(tx, actor, wanted.snapshot_id)
    if wanted.source_id:
        return await _volume(tx, actor, wanted.source_id)
    return Source()


async def _image(tx: Reader, actor: Actor, image_id: str, store: Any) -> Source:
    try:
        image = await images.get(tx, actor, image_id)
        source = await images.source(tx, store, image.id)
    except (NotFound, Conflict, Forbidden) as problem:
        raise Invalid(f"Invalid image identifier or unable to access requested image: {problem.message}") from None
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
    return Source(Content(image=source), least, "image", True, described)


async def _snapshot(tx: Tx, actor: Actor, snapshot_id: str) -> Source:
    found = await snapshots.hold(tx, snapshot_id)
    if found is None or actor.scope not in (None, found.project_id):
        raise NotFound(f"Snapshot {snapshot_id} could not be found.")
    _check_state("snapshot", found, ("available",))
    parent = await volumes.find(tx, found.volume_id)
    assert parent is not None, "a volume with snapshots is not deleted"
    return _copy(Content(snapshot_id=snapshot_id), found.size_gb, "snapshot", parent, found.host_id)


async def _volume(tx: Tx, actor: Actor, volume_id: str) -> Source:
    found = await volumes.hold(tx, volume_id)
    if found is None or actor.scope not in (None, found.project_id):
        raise NotFound(f"Volume {volume_id} could not be found.")
    _check_state("source volume", found, COPYABLE)
    return _copy(Content(source_id=volume_id), found.size_gb, "source volume", found, found.host_id)


def _check_state(noun: str, found: Snapshot | Volume, allowed: tuple[str, ...]) -> None:
    if found.status not in allowed:
        raise Invalid(f"Invalid {noun}: Originating {noun} status must be {' or '.join(allowed)}, but is {found.status}.")


def _copy(content: Content, least_gb: int, noun: str, parent: Volume, host_id: str | None) -> Source:
    return Source(content, least_gb, noun, parent.bootable, parent.image_metadata, host_id, parent.type_id, copied=True)
