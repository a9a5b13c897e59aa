"""Make a volume what its latest snapshot holds. What it held until now goes to quarantine, from where it comes back (K1, K8)."""

from __future__ import annotations

from ...contract.commands import CopyVolume, QuarantineVolume, UndoVolume
from ...kernel.db import Tx
from ...kernel.workflow import Call, Workflow, command, hours, step, workflow
from ..store import snapshots, volumes
from . import sending


@command
async def put_away(call: Call, volume_id: str, host_id: str) -> None:
    """Quarantine the volume's file. Raises Unavailable."""
    await sending.send(call, host_id, QuarantineVolume(volume_id))


@command
async def copy_back(call: Call, volume_id: str, snapshot_id: str, host_id: str) -> None:
    """Copy the snapshot's file to the volume's place. Raises Unavailable.

    An earlier try of this step may have made it without our hearing of it: what it made, and nothing else (K2), is put away first.
    """
    tried = call.key.partition("#")[0]
    await sending.send(call, host_id, UndoVolume(volume_id, tried))
    await sending.make(call, host_id, CopyVolume(volume_id, snapshot_id, 0))


@step
async def mark_reverted(tx: Tx, volume_id: str, snapshot_id: str) -> None:
    """Both can be used again."""
    await snapshots.move(tx, snapshot_id, "available", ("restoring",))
    await volumes.move(tx, volume_id, "available", ("reverting",))


@workflow(resource="volume", deadline=hours(2))
async def revert_volume(wf: Workflow, volume_id: str, snapshot_id: str, host_id: str) -> None:
    """Once the old file is put away there is no way but forward; while the host does not answer it is tried again."""
    await wf.point_of_no_return()
    await wf.step(put_away, volume_id, host_id)
    await wf.step(copy_back, volume_id, snapshot_id, host_id)
    await wf.finish(mark_reverted, volume_id, snapshot_id)
