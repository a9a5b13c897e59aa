"""States that are set by word: by administrators, and by who prepares to attach a volume or to let it go."""

from __future__ import annotations

from ...kernel.db import Tx
from ...kernel.errors import Invalid
from ...kernel.policy import Actor
from ..model import Volume
from ..rules import types as rules
from ..store import attachments, volumes
from . import types
from .volumes import hold

ATTACHED = ("attached", "detaching")


async def reset(tx: Tx, actor: Actor, volume_id: str, to: str | None, attach_status: str | None) -> None:
    """An administrator's word: the state is `to`, whatever it was. No attachment and no file is touched.

    Raises NotFound, Invalid for a state that contradicts what is attached (K9).
    """
    volume = await hold(tx, actor, volume_id)
    attachment = (await attachments.of_volumes(tx, [volume_id])).get(volume_id)
    if to == "in-use" and attachment is None:
        raise Invalid("Cannot reset-state to in-use because volume does not have any attachments.")
    if to == "available" and attachment is not None:
        raise Invalid(f"Cannot reset-state to available: server {attachment.server_id} has the volume; detach it there.")
    if attach_status is not None and (attach_status == "attached") != (attachment is not None and attachment.status in ATTACHED):
        raise Invalid(f"Cannot reset attach_status to {attach_status}: attachments are ended by detaching, and made by attaching.")
    if to is not None:
        await volumes.move(tx, volume_id, to, (volume.status,))


async def _go(tx: Tx, actor: Actor, volume_id: str, change: tuple[str, str, str]) -> None:
    before, after, verb = change
    volume = await hold(tx, actor, volume_id)
    if not await volumes.move(tx, volume_id, after, (before,)):
        raise Invalid(f"Invalid volume: Volume {volume_id} status must be {before} to {verb}, but is {volume.status}.")


async def reserve(tx: Tx, actor: Actor, volume_id: str) -> None:
    """Keep a volume from others without saying for whom. Raises NotFound, Invalid unless it is available."""
    await _go(tx, actor, volume_id, ("available", "attaching", "reserve"))


async def unreserve(tx: Tx, actor: Actor, volume_id: str) -> None:
    """End `reserve`. Raises NotFound, Invalid unless it is reserved so, and not for a server (K9)."""
    await hold(tx, actor, volume_id)
    if await attachments.of_volumes(tx, [volume_id]):
        raise Invalid(f"Invalid volume: Volume {volume_id} is being attached.")
    await _go(tx, actor, volume_id, ("attaching", "available", "unreserve"))


async def begin_detaching(tx: Tx, actor: Actor, volume_id: str) -> None:
    """Say that a volume is going to be detached. Raises NotFound, Invalid unless it is in use."""
    await _go(tx, actor, volume_id, ("in-use", "detaching", "detach"))


async def roll_detaching(tx: Tx, actor: Actor, volume_id: str) -> None:
    """End `begin_detaching`. Raises NotFound, Invalid unless it was said."""
    await _go(tx, actor, volume_id, ("detaching", "in-use", "roll back detaching"))


async def retype(tx: Tx, actor: Actor, volume_id: str, name_or_id: str) -> Volume:
    """Make a volume one of another type: every type is of files on hosts, so nothing is copied.

    Raises NotFound, Invalid (state, size, the same type, a type that no host can satisfy or that wants another zone).
    """
    volume = await hold(tx, actor, volume_id)
    if volume.status not in ("available", "in-use"):
        raise Invalid(f"Invalid volume: Volume {volume_id} status must be available or in-use to retype, but is {volume.status}.")
    kind = await types.named(tx, actor, name_or_id)
    types.check_possible(kind)
    if kind.id == volume.type_id:
        raise Invalid(f"Invalid volume: Volume {volume_id} is of type {kind.name} already.")
    rules.check_size(kind.name, kind.extra_specs, volume.size_gb)
    zones = rules.zones(kind.extra_specs)
    if zones is not None and volume.zone not in zones:
        raise Invalid(f"Invalid volume_type {kind.name}: its volumes are in {', '.join(zones)}, this one is in {volume.zone}.")
    await volumes.change(tx, volume_id, type_id=kind.id)
    return volume
