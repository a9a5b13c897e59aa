"""A volume's metadata, what is known of its image, and two flags."""

from __future__ import annotations

from ...kernel.db import Tx
from ...kernel.errors import Invalid, NotFound
from ...kernel.policy import Actor
from ..model import Volume
from ..store import volumes
from .volumes import hold


def item(volume: Volume, key: str) -> str:
    """One item of a volume's metadata. Raises NotFound."""
    if key not in volume.metadata:
        raise NotFound(f"Volume {volume.id} has no metadata with key {key}.")
    return volume.metadata[key]


async def add(tx: Tx, actor: Actor, volume_id: str, items: dict[str, str], replace: bool = False) -> dict[str, str]:
    """Add items of metadata, and overwrite those that are there; if `replace`, drop the others. What there is then.

    Raises NotFound, Invalid while the volume is in maintenance.
    """
    volume = await _changeable(tx, actor, volume_id)
    after = items if replace else {**volume.metadata, **items}
    await volumes.change(tx, volume_id, metadata=after)
    return after


async def set_item(tx: Tx, actor: Actor, volume_id: str, key: str, items: dict[str, str]) -> None:
    """Set one item, given as `{key: value}`. Raises NotFound, Invalid if the keys differ."""
    if set(items) != {key}:
        raise Invalid("Request body and URI mismatch: the body must hold exactly the key of the path.")
    await add(tx, actor, volume_id, items)


async def remove(tx: Tx, actor: Actor, volume_id: str, key: str) -> None:
    """Remove one item. Raises NotFound."""
    volume = await _changeable(tx, actor, volume_id)
    item(volume, key)
    await volumes.change(tx, volume_id, metadata={name: value for name, value in volume.metadata.items() if name != key})


async def _changeable(tx: Tx, actor: Actor, volume_id: str) -> Volume:
    volume = await hold(tx, actor, volume_id)
    if volume.status == "maintenance":
        raise Invalid(f"Invalid volume: Volume {volume_id} is in maintenance; its metadata cannot change.")
    return volume


async def describe_image(tx: Tx, actor: Actor, volume_id: str, items: dict[str, str]) -> dict[str, str]:
    """Add to what is known of the image that a volume was made from; all of it comes back. Raises NotFound."""
    volume = await hold(tx, actor, volume_id)
    after = {**(volume.image_metadata or {}), **items}
    await volumes.change(tx, volume_id, image_metadata=after)
    return after


async def forget_of_image(tx: Tx, actor: Actor, volume_id: str, key: str) -> None:
    """Forget one item about the image. Raises NotFound."""
    volume = await hold(tx, actor, volume_id)
    known = volume.image_metadata or {}
    if key not in known:
        raise NotFound(f"Metadata for key {key} could not be found.")
    await volumes.change(tx, volume_id, image_metadata={name: value for name, value in known.items() if name != key})


async def set_bootable(tx: Tx, actor: Actor, volume_id: str, bootable: bool) -> None:
    """Say whether servers can boot from it. Raises NotFound."""
    await hold(tx, actor, volume_id)
    await volumes.change(tx, volume_id, bootable=bootable)


async def set_readonly(tx: Tx, actor: Actor, volume_id: str, readonly: bool) -> None:
    """Say whether servers may write. Raises NotFound, Invalid while one uses it."""
    volume = await hold(tx, actor, volume_id)
    if volume.status != "available":
        raise Invalid(f"Invalid volume: Volume {volume_id} must be available to update readonly flag, but is {volume.status}.")
    await volumes.change(tx, volume_id, readonly=readonly)
