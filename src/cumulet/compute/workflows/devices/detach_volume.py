"""Detach a volume from a server."""

from __future__ import annotations

from ....kernel.db import Tx
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ....volume.operations import attachments
from ...model import Entry
from ...store import disks, servers
from ..steps import history
from ..steps.home import find_home
from .plugging import unplug_disk


@step
async def detach_failed(tx: Tx, disk_id: str, entry: Entry, volume_id: str, failure: Failure) -> None:
    """The guest keeps it."""
    disk = await disks.find(tx, disk_id)
    if disk is not None and disk.attachment_id is not None:
        await attachments.undo_detaching(tx, disk.attachment_id)
    await history.ended(tx, entry, None, failure)


@step
async def mark_detached(tx: Tx, disk_id: str, entry: Entry) -> None:
    """The volume is free."""
    disk = await disks.find(tx, disk_id)
    if disk is not None:
        if disk.attachment_id is not None:
            await attachments.release(tx, disk.attachment_id)
        await disks.remove(tx, disk_id)
        await servers.change(tx, disk.server_id)
    await history.ended(tx, entry, None)


@workflow(resource="server_disk", deadline=minutes(15), on_failure=detach_failed)
async def detach_volume(wf: Workflow, disk_id: str, entry: Entry, volume_id: str) -> None:
    """Unplug it; only when the guest has let go is it free."""
    home = await wf.step(find_home, entry.server_id)
    if home.host_id is not None:
        await wf.step(unplug_disk, entry.server_id, home, volume_id)
    await wf.finish(mark_detached, disk_id, entry)
