"""Volumes: find, create, change, extend, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...kernel import ids, workflow
from ...kernel.db import Condition, Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import NewVolume, Volume
from ..rules import types as rules
from ..store import attachments, snapshots, volumes
from ..workflows.create_snapshot import TURN
from ..workflows.create_volume import create_volume
from ..workflows.delete_volume import delete_volume
from ..workflows.extend_volume import extend_volume
from . import quotas, sources, types, zones

__all__ = ["NewVolume", "Volume", "create", "delete", "extend", "get", "page", "status", "update"]

DELETABLE = ("available", "error", "error_deleting", "error_restoring", "error_extending", "error_managing")
BUSY = ("creating", "extending", "deleting", "retyping")


async def get(tx: Reader, actor: Actor, volume_id: str) -> Volume:
    """A volume that the actor may see. Raises NotFound."""
    return _seen(actor, volume_id, await volumes.find(tx, volume_id))


async def hold(tx: Tx, actor: Actor, volume_id: str) -> Volume:
    """A volume that the actor may see and that nobody else changes until the transaction ends. Raises NotFound."""
    return _seen(actor, volume_id, await volumes.hold(tx, volume_id))


def _seen(actor: Actor, volume_id: str, found: Volume | None) -> Volume:
    if found is None or actor.scope not in (None, found.project_id):
        raise NotFound(f"Volume {volume_id} could not be found.")
    return found


async def status(tx: Reader, volume_id: str) -> str:
    """A volume's state; `deleted` if it is not there."""
    found = await volumes.find(tx, volume_id)
    return found.status if found else "deleted"


async def page(tx: Reader, actor: Actor, wanted: Page, all_projects: bool = False) -> list[Volume]:
    """Volumes of the actor's project; of every project only for administrators who ask for it."""
    return await volumes.page(tx, _scoped(actor, wanted, all_projects))


async def everything(tx: Reader, actor: Actor, wanted: Page, all_projects: bool = False) -> list[Volume]:
    """What all pages together hold."""
    return await volumes.page(tx, _scoped(actor, Page(wanted.conditions), all_projects))


async def count(tx: Reader, actor: Actor, conditions: Sequence[Condition], all_projects: bool = False) -> int:
    """How many volumes all pages together have."""
    return await volumes.count(tx, _scoped(actor, Page(conditions), all_projects).conditions)


def item(key: str, value: str) -> str:
    """A key and its value as the filters `metadata` and `image` are asked for them."""
    return volumes.item(key, value)


def _scoped(actor: Actor, wanted: Page, all_projects: bool) -> Page:
    return wanted if all_projects and actor.is_admin else wanted.where("project_id", actor.project_id or "")


async def create(tx: Tx, actor: Actor, wanted: NewVolume, store: Any = None) -> Volume:
    """A new volume, and its making begun. `store` holds images' bytes.

    Raises Invalid (size, image, zone, type, state of the source), NotFound (image, type, source), OverQuota.
    """
    source = await sources.find(tx, actor, wanted, store)
    size_gb = source.size_gb(wanted.size_gb)
    kind = await types.wanted(tx, actor, wanted.volume_type or source.type_id)
    rules.check_size(kind.name, kind.extra_specs, size_gb)
    zone = await zones.checked(tx, wanted.zone)
    await quotas.require_volume(tx, actor.project_id or "", size_gb)
    volume = _row(tx, actor, wanted, source, (size_gb, kind.id, zone))
    await volumes.add(tx, volume)
    turn = TURN.format(wanted.source_id) if wanted.source_id else None
    await workflow.start(tx, create_volume, volume.id, source.host_id or wanted.host_id, source.content, turn=turn)
    return volume


def _row(tx: Reader, actor: Actor, wanted: NewVolume, source: sources.Source, chosen: tuple[int, str, str]) -> Volume:
    size_gb, type_id, zone = chosen
    return Volume(
        id=ids.new_uuid(),
        project_id=actor.project_id or "",
        user_id=actor.user_id,
        name=wanted.name,
        description=wanted.description,
        size_gb=size_gb,
        growing_to=None,
        status="creating",
        zone=zone,
        bootable=source.bootable,
        readonly=None,
        type_id=type_id,
        image_id=wanted.image_id,
        snapshot_id=wanted.snapshot_id,
        source_id=wanted.source_id,
        image_metadata=source.image_metadata,
        metadata=wanted.metadata,
        host_id=None,
        path=None,
        format=None,
        fault=None,
        created_at=tx.stamp,
        updated_at=None,
    )


async def update(tx: Tx, actor: Actor, volume_id: str, changes: dict[str, Any]) -> Volume:
    """Change what describes a volume. Raises NotFound."""
    await hold(tx, actor, volume_id)
    if changes:
        await volumes.change(tx, volume_id, **changes)
    return await get(tx, actor, volume_id)


async def extend(tx: Tx, actor: Actor, volume_id: str, size_gb: int, in_use: bool) -> None:
    """Begin to grow a volume, one that a server uses only if `in_use`. Raises NotFound, Invalid (smaller, state), OverQuota."""
    volume = await hold(tx, actor, volume_id)
    if size_gb <= volume.size_gb:
        raise Invalid(f"New size for extend must be greater than current size. (current: {volume.size_gb}, extended: {size_gb}).")
    kind = await types.of(tx, volume.type_id)
    rules.check_size(kind.name, kind.extra_specs, size_gb)
    await quotas.require_growth(tx, volume.project_id, volume.size_gb, size_gb)
    allowed = ("available", "in-use") if in_use else ("available",)
    if volume.host_id is None or not await volumes.move(tx, volume.id, "extending", allowed, growing_to=size_gb):
        raise Invalid(f"Volume {volume.id} status must be {' or '.join(allowed)} to extend, currently {volume.status}.")
    await workflow.start(tx, extend_volume, volume.id, volume.host_id, size_gb, turn=TURN.format(volume_id))


async def delete(tx: Tx, actor: Actor, volume_id: str, force: bool = False, cascade: bool = False) -> None:
    """Begin to delete a volume, with its snapshots if `cascade`; by `force` also one that something is being done to.

    Raises NotFound, Invalid while a server has it or may get it (K9), while it has snapshots, or in a state of transition.
    """
    volume = await hold(tx, actor, volume_id)
    if await attachments.of_volumes(tx, [volume_id]):
        raise Invalid(f"Invalid volume: Volume {volume_id} is attached; detach it first.")
    allowed = (*DELETABLE, *BUSY, "maintenance", "reserved", "attaching", "detaching", "in-use") if force else DELETABLE
    copies = await _snapshots(tx, volume, cascade, force)
    if not await volumes.move(tx, volume_id, "deleting", allowed):
        raise Invalid(
            f"Invalid volume: Status must be {' or '.join(DELETABLE)} and must not be migrating, attached, belong to a group, "
            f"have snapshots or be disassociated from snapshots after volume transfer, but is {volume.status}."
        )
    if not await _goes_on(tx, volume, force):
        await workflow.start(tx, delete_volume, volume_id, volume.host_id, copies)


async def _snapshots(tx: Tx, volume: Volume, cascade: bool, force: bool) -> list[str]:
    """The snapshots that go with a volume, marked. Raises Invalid if there are some that may not."""
    found = await snapshots.of_volume(tx, volume.id)
    if found and not cascade:
        raise Invalid(f"Invalid volume: Volume {volume.id} has {len(found)} snapshots; delete them first, or all of it by cascade.")
    for snapshot in found:
        if not await snapshots.move(tx, snapshot.id, "deleting", ("available", "error", "error_deleting")):
            raise Invalid(f"Invalid volume: Snapshot {snapshot.id} is {snapshot.status}; it cannot be deleted now.")
    return [snapshot.id for snapshot in found]


async def _goes_on(tx: Tx, volume: Volume, force: bool) -> bool:
    """Whether something is being done to the volume that ends with its deletion, now that its state says so. Raises Conflict."""
    active = await workflow.active(tx, "volume", volume.id)
    if active is None:
        return False
    if not force:
        raise Conflict(f"Volume {volume.id} is busy: {active.name} goes on.")
    if active.name == "create_volume":
        await workflow.intend(tx, "volume", volume.id)
    return True
