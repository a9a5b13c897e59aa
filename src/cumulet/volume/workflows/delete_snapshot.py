"""Delete a snapshot: its file goes to quarantine, then its row goes."""

from __future__ import annotations

from ...kernel.db import Tx
from ...kernel.workflow import Failure, Workflow, minutes, step, workflow
from ..store import snapshots
from .delete_volume import forget_snapshot, quarantine


@step
async def mark_error(tx: Tx, snapshot_id: str, host_id: str, failure: Failure) -> None:
    """It is still there, and can be deleted again."""
    await snapshots.move(tx, snapshot_id, "error_deleting", ("deleting",), fault=failure.message)


@workflow(resource="snapshot", deadline=minutes(30), on_failure=mark_error)
async def delete_snapshot(wf: Workflow, snapshot_id: str, host_id: str) -> None:
    """Quarantine the file, forget the snapshot."""
    await wf.step(quarantine, snapshot_id, host_id)
    await wf.finish(forget_snapshot, snapshot_id)
