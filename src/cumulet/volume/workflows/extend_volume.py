"""Grow a volume, also under a running guest."""

from __future__ import annotations

import msgspec

from ...contract.agents import AgentRefused
from ...contract.commands import ExtendVolume
from ...kernel.db import Tx
from ...kernel.errors import Unavailable
from ...kernel.workflow import Call, Failure, Workflow, command, minutes, step, workflow
from ..store import attachments, volumes


@step
async def user_of(tx: Tx, volume_id: str) -> str | None:
    """The server that uses the volume."""
    attachment = (await attachments.of_volumes(tx, [volume_id])).get(volume_id)
    return attachment.server_id if attachment and attachment.status == "attached" else None


@command
async def grow(call: Call, order: ExtendVolume, host_id: str) -> None:
    """Have the agent grow the file, or the running guest's disk."""
    try:
        await call.services.agents.send(host_id, order, key=call.key, epoch=1)
    except AgentRefused as problem:
        raise Unavailable(f"The volume could not be extended: {problem.message}", code=problem.code) from None


@step
async def mark_extended(tx: Tx, volume_id: str, size_gb: int, back_to: str) -> None:
    """The volume has its new size."""
    volume = await volumes.find(tx, volume_id)
    if volume is not None:
        await volumes.save(tx, msgspec.structs.replace(volume, size_gb=size_gb, status=back_to, updated_at=tx.stamp))


@step
async def mark_error(tx: Tx, volume_id: str, host_id: str, size_gb: int, back_to: str, failure: Failure) -> None:
    """The volume keeps its old size. Nothing was lost, so it stays usable."""
    volume = await volumes.find(tx, volume_id)
    if volume is not None:
        changed = msgspec.structs.replace(volume, status=back_to, fault=failure.message, updated_at=tx.stamp)
        await volumes.save(tx, changed)


@workflow(resource="volume", deadline=minutes(30), on_failure=mark_error)
async def extend_volume(wf: Workflow, volume_id: str, host_id: str, size_gb: int, back_to: str) -> None:
    """Grow the file to `size_gb` GiB; the volume then returns to the state `back_to`."""
    server_id = await wf.step(user_of, volume_id)
    await wf.step(grow, ExtendVolume(volume_id, size_gb, server_id), host_id)
    await wf.finish(mark_extended, volume_id, size_gb, back_to)
