"""Snapshots: find, create, change, delete, and go back to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from ...kernel import ids, workflow
from ...kernel.db import Condition, Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import Snapshot, Volume
from ..store import snapshots, volumes
from ..workflows.create_snapshot import TURN, create_snapshot
from ..workflows.delete_snapshot import delete_snapshot
from ..workflows.revert_volume import revert_volume
from . import quotas
from .volumes import hold as hold_volume

DELETABLE = ("available", "error", "error_deleting")


class NewSnapshot(Struct, frozen=True):
    """What is asked for; of a volume in use only if `in_use`."""

    volume_id: str
    name: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    in_use: bool = False


async def get(tx: Reader, actor: Actor, snapshot_id: str) -> Snapshot:
    """A snapshot that the actor may see. Raises NotFound."""
    return _seen(actor, snapshot_id, await snapshots.find(tx, snapshot_id))


async def hold(tx: Tx, actor: Actor, snapshot_id: str) -> Snapshot:
    """A snapshot that the actor may see and that nobody else changes until the transaction ends. Raises NotFound."""
    return _seen(actor, snapshot_id, await snapshots.hold(tx, snapshot_id))


def _seen(actor: Actor, snapshot_id: str, found: Snapshot | None) -> Snapshot:
    if found is None or actor.scope not in (None, found.project_id):
        raise NotFound(f"Snapshot {snapshot_id} could not be found.")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page, all_projects: bool = False) -> list[Snapshot]:
    """Snapshots of the actor's project; of every project only for administrators who ask for it."""
    return await snapshots.page(tx, _scoped(actor, wanted, all_projects))


async def count(tx: Reader, actor: Actor, conditions: Sequence[Condition], all_projects: bool = False) -> int:
    """How many snapshots all pages together have."""
    return await snapshots.count(tx, _scoped(actor, Page(conditions), all_projects).conditions)


def _scoped(actor: Actor, wanted: Page, all_projects: bool) -> Page:
    return wanted if all_projects and actor.is_admin else wanted.where("project_id", actor.project_id or "")


async def create(tx: Tx, actor: Actor, wanted: NewSnapshot) -> Snapshot:
    """A new snapshot, and its copying begun. Raises NotFound, Invalid (the volume's state), OverQuota."""
    volume = await hold_volume(tx, actor, wanted.volume_id)
    allowed = ("available", "in-use") if wanted.in_use else ("available",)
    if volume.status not in allowed or volume.host_id is None:
        raise Invalid(
            f"Invalid volume: Volume {volume.id} status must be {' or '.join(allowed)} for snapshot, but is {volume.status}."
        )
    await quotas.require_snapshot(tx, volume.project_id, volume.size_gb)
    snapshot = Snapshot(
        id=ids.new_uuid(),
        project_id=volume.project_id,
        user_id=actor.user_id,
        volume_id=volume.id,
        name=wanted.name,
        description=wanted.description,
        size_gb=volume.size_gb,
        status="creating",
        metadata=wanted.metadata,
        host_id=volume.host_id,
        fault=None,
        created_at=tx.stamp,
        updated_at=None,
    )
    await snapshots.add(tx, snapshot)
    await workflow.start(tx, create_snapshot, snapshot.id, volume.id, volume.host_id, turn=TURN.format(volume.id))
    return snapshot


async def update(tx: Tx, actor: Actor, snapshot_id: str, changes: dict[str, Any]) -> Snapshot:
    """Change what describes a snapshot. Raises NotFound."""
    await hold(tx, actor, snapshot_id)
    await snapshots.change(tx, snapshot_id, **changes)
    return await get(tx, actor, snapshot_id)


async def delete(tx: Tx, actor: Actor, snapshot_id: str, force: bool = False) -> None:
    """Begin to delete a snapshot; by `force` also one that something is being done to. Raises NotFound, Invalid, Conflict."""
    snapshot = await hold(tx, actor, snapshot_id)
    allowed = (*DELETABLE, "creating", "deleting") if force else DELETABLE
    if not await snapshots.move(tx, snapshot_id, "deleting", allowed):
        raise Invalid(f"Invalid snapshot: Snapshot status must be {' or '.join(DELETABLE)}, but is {snapshot.status}.")
    active = await workflow.active(tx, "snapshot", snapshot_id)
    if active is None:
        await workflow.start(tx, delete_snapshot, snapshot_id, snapshot.host_id)
    elif not force:
        raise Conflict(f"Snapshot {snapshot_id} is busy: {active.name} goes on.")
    elif active.name == "create_snapshot":
        await workflow.intend(tx, "snapshot", snapshot_id)


async def set_status(tx: Tx, actor: Actor, snapshot_id: str, to: str, allowed: dict[str, tuple[str, ...]] | None = None) -> None:
    """Somebody's word: the state is `to`; `allowed` says from which states to which. Raises NotFound, Invalid."""
    snapshot = await hold(tx, actor, snapshot_id)
    if allowed is not None and to not in allowed.get(snapshot.status, ()):
        raise Invalid(f"Provided snapshot status {to} not allowed for snapshot with status {snapshot.status}.")
    await snapshots.move(tx, snapshot_id, to, (snapshot.status,))


async def revert(tx: Tx, actor: Actor, volume_id: str, snapshot_id: str | None) -> None:
    """Begin to make a volume what its latest snapshot holds.

    Raises NotFound, Invalid for another snapshot or if the volume has grown since, Conflict unless both are available.
    """
    volume = await hold_volume(tx, actor, volume_id)
    found = await snapshots.of_volume(tx, volume_id)
    if not found or snapshot_id != found[0].id:
        raise Invalid(f"Specified snapshot {snapshot_id} is None or not the latest one of volume {volume_id}.")
    snapshot = found[0]
    if snapshot.size_gb != volume.size_gb:
        raise Invalid(
            f"Can't revert volume {volume_id} to its latest snapshot: it has {volume.size_gb} GiB, that {snapshot.size_gb}."
        )
    await _claim(tx, volume, snapshot)
    await workflow.start(tx, revert_volume, volume_id, snapshot.id, snapshot.host_id, turn=TURN.format(volume_id))


async def _claim(tx: Tx, volume: Volume, snapshot: Snapshot) -> None:
    if not await volumes.move(tx, volume.id, "reverting", ("available",)):
        raise Conflict(f"Volume {volume.id} must be available to be reverted, but is {volume.status}.")
    if not await snapshots.move(tx, snapshot.id, "restoring", ("available",)):
        raise Conflict(f"Snapshot {snapshot.id} must be available to be reverted to, but is {snapshot.status}.")


def item(snapshot: Snapshot, key: str) -> str:
    """One item of a snapshot's metadata. Raises NotFound."""
    if key not in snapshot.metadata:
        raise NotFound(f"Snapshot {snapshot.id} has no metadata with key {key}.")
    return snapshot.metadata[key]


async def describe(tx: Tx, actor: Actor, snapshot_id: str, items: dict[str, str], replace: bool = False) -> dict[str, str]:
    """Add items of metadata, and overwrite those that are there; if `replace`, drop the others. Raises NotFound."""
    snapshot = await hold(tx, actor, snapshot_id)
    after = items if replace else {**snapshot.metadata, **items}
    await snapshots.change(tx, snapshot_id, metadata=after)
    return after


async def set_item(tx: Tx, actor: Actor, snapshot_id: str, key: str, items: dict[str, str]) -> None:
    """Set one item, given as `{key: value}`. Raises NotFound, Invalid if the keys differ."""
    if set(items) != {key}:
        raise Invalid("Request body and URI mismatch: the body must hold exactly the key of the path.")
    await describe(tx, actor, snapshot_id, items)


async def forget_item(tx: Tx, actor: Actor, snapshot_id: str, key: str) -> None:
    """Remove one item. Raises NotFound."""
    snapshot = await hold(tx, actor, snapshot_id)
    item(snapshot, key)
    await snapshots.change(tx, snapshot_id, metadata={name: value for name, value in snapshot.metadata.items() if name != key})
