"""Copy a volume as it is now, also under a running guest."""

from __future__ import annotations

from ...contract.commands import CopyVolume, UndoVolume
from ...kernel.db import Tx
from ...kernel.workflow import Call, Failure, Workflow, command, minutes, start, step, workflow
from ..store import snapshots
from . import sending
from .delete_snapshot import delete_snapshot

TURN = "content of volume {}"
"""What reads or changes a volume's whole file does so in turn."""


@command
async def copy(call: Call, snapshot_id: str, volume_id: str, host_id: str) -> None:
    """Have the agent copy the file. Raises Unavailable."""
    await sending.make(call, host_id, CopyVolume(snapshot_id, volume_id, 0))


@command
async def uncopy(call: Call, snapshot_id: str, volume_id: str, host_id: str) -> None:
    """Quarantine the copy, if one was made (K2)."""
    await sending.send(call, host_id, UndoVolume(snapshot_id, call.undoes))


@step
async def mark_available(tx: Tx, snapshot_id: str) -> None:
    """The snapshot can be used, unless it is to be deleted already."""
    if not await snapshots.move(tx, snapshot_id, "available", ("creating",)):
        await _delete_if_asked(tx, snapshot_id)


@step
async def mark_error(tx: Tx, snapshot_id: str, volume_id: str, host_id: str, failure: Failure) -> None:
    """Nothing is left of it but the row, which says why."""
    await snapshots.change(tx, snapshot_id, fault=failure.message)
    if not await snapshots.move(tx, snapshot_id, "error", ("creating",)):
        await _delete_if_asked(tx, snapshot_id)


async def _delete_if_asked(tx: Tx, snapshot_id: str) -> None:
    found = await snapshots.find(tx, snapshot_id)
    if found is not None and found.status == "deleting":
        await start(tx, delete_snapshot, snapshot_id, found.host_id)


@workflow(resource="snapshot", deadline=minutes(60), on_failure=mark_error)
async def create_snapshot(wf: Workflow, snapshot_id: str, volume_id: str, host_id: str) -> None:
    """Copy the volume's file."""
    await wf.step(copy, snapshot_id, volume_id, host_id, undo=uncopy)
    await wf.finish(mark_available, snapshot_id)
