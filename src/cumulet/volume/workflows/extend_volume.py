"""Grow a volume, also under a running guest."""

from __future__ import annotations

from ...contract.commands import ExtendVolume
from ...kernel.db import Tx
from ...kernel.workflow import Call, Failure, Workflow, command, minutes, step, workflow
from ..store import attachments, volumes
from .delete_volume import delete_if_asked
from .sending import send


@step
async def user_of(tx: Tx, volume_id: str) -> str | None:
    """The server whose guest uses the volume."""
    attachment = (await attachments.of_volumes(tx, [volume_id])).get(volume_id)
    return attachment.server_id if attachment and attachment.status == "attached" and not attachment.outside else None


@command
async def grow(call: Call, order: ExtendVolume, host_id: str) -> None:
    """Have the agent grow the file, or the running guest's disk. Raises Unavailable."""
    await send(call, host_id, order)


@step
async def mark_extended(tx: Tx, volume_id: str, host_id: str, size_gb: int) -> None:
    """The volume has its new size."""
    await volumes.change(tx, volume_id, size_gb=size_gb, growing_to=None, fault=None)
    await _return(tx, volume_id)


@step
async def mark_error(tx: Tx, volume_id: str, host_id: str, size_gb: int, failure: Failure) -> None:
    """The volume keeps its old size. Nothing was lost, so it stays usable."""
    await volumes.change(tx, volume_id, growing_to=None, fault=failure.message)
    await _return(tx, volume_id)


async def _return(tx: Tx, volume_id: str) -> None:
    """To the state that is true now: the server may have gone meanwhile, or somebody asked for the deletion."""
    await volumes.hold(tx, volume_id)
    used = volume_id in await attachments.of_volumes(tx, [volume_id])
    if not await volumes.move(tx, volume_id, "in-use" if used else "available", ("extending",)):
        await delete_if_asked(tx, volume_id)


@workflow(resource="volume", deadline=minutes(30), on_failure=mark_error)
async def extend_volume(wf: Workflow, volume_id: str, host_id: str, size_gb: int) -> None:
    """Grow the file to `size_gb` GiB."""
    server_id = await wf.step(user_of, volume_id)
    await wf.step(grow, ExtendVolume(volume_id, size_gb, server_id), host_id)
    await wf.finish(mark_extended, volume_id, host_id, size_gb)
