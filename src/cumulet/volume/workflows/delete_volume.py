"""Delete a volume: its snapshots' files and its own go to quarantine, then the rows go."""

from __future__ import annotations

from ...contract.commands import QuarantineVolume
from ...kernel.db import Tx
from ...kernel.workflow import Call, Failure, Workflow, command, minutes, start, step, workflow
from ..store import snapshots, volumes
from .sending import send


@command
async def quarantine(call: Call, volume_id: str, host_id: str) -> None:
    """Rename the file away (K1). Raises Unavailable."""
    await send(call, host_id, QuarantineVolume(volume_id))


@step
async def forget_snapshot(tx: Tx, snapshot_id: str) -> None:
    """The row goes, and with it what it counted against the quota."""
    await snapshots.remove(tx, snapshot_id)


@step
async def forget(tx: Tx, volume_id: str) -> None:
    """The row goes, and with it what it counted against the quota."""
    await volumes.remove(tx, volume_id)


@step
async def mark_error(tx: Tx, volume_id: str, host_id: str | None, snapshot_ids: list[str], failure: Failure) -> None:
    """What is still there can be deleted again."""
    await volumes.move(tx, volume_id, "error_deleting", ("deleting",), fault=failure.message)
    for snapshot_id in snapshot_ids:
        await snapshots.move(tx, snapshot_id, "error_deleting", ("deleting",), fault=failure.message)


@workflow(resource="volume", deadline=minutes(30), on_failure=mark_error)
async def delete_volume(wf: Workflow, volume_id: str, host_id: str | None, snapshot_ids: list[str]) -> None:
    """Quarantine the files that there are, forget the snapshots, forget the volume. `host_id` is None if no file was ever made."""
    for number, snapshot_id in enumerate(snapshot_ids):
        await wf.step(quarantine, snapshot_id, host_id or "", name=f"quarantine snapshot {number}")
        await wf.step(forget_snapshot, snapshot_id, name=f"forget snapshot {number}")
    if host_id is not None:
        await wf.step(quarantine, volume_id, host_id)
    await wf.finish(forget, volume_id)


async def delete_if_asked(tx: Tx, volume_id: str) -> None:
    """For workflows that end: somebody may have asked for the deletion of their volume meanwhile."""
    volume = await volumes.find(tx, volume_id)
    if volume is not None and volume.status == "deleting":
        await start(tx, delete_volume, volume_id, volume.host_id, [])
