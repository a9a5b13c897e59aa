"""Delete a volume: its file goes to quarantine, then its row goes."""

from __future__ import annotations

from ...contract.agents import AgentRefused
from ...contract.commands import QuarantineVolume
from ...kernel.db import Tx
from ...kernel.errors import Unavailable
from ...kernel.workflow import Call, Failure, Workflow, command, minutes, step, workflow
from ..store import volumes


@command
async def quarantine(call: Call, volume_id: str, host_id: str) -> None:
    """Rename the file away (K1)."""
    try:
        await call.services.agents.send(host_id, QuarantineVolume(volume_id), key=call.key, epoch=1)
    except AgentRefused as problem:
        raise Unavailable(f"The volume could not be deleted: {problem.message}", code=problem.code) from None


@step
async def forget(tx: Tx, volume_id: str, host_id: str | None) -> None:
    """The row goes, and with it what it counted against the quota."""
    await volumes.remove(tx, volume_id)


@step
async def mark_error(tx: Tx, volume_id: str, host_id: str | None, failure: Failure) -> None:
    """It is still there, and can be deleted again."""
    await volumes.move(tx, volume_id, "error_deleting", ("deleting",))


@workflow(resource="volume", deadline=minutes(30), on_failure=mark_error)
async def delete_volume(wf: Workflow, volume_id: str, host_id: str | None) -> None:
    """Quarantine the file if there is one, forget the volume."""
    if host_id is not None:
        await wf.step(quarantine, volume_id, host_id)
    await wf.finish(forget, volume_id, host_id)
