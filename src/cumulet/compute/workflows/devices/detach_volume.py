"""Detach a volume from a server."""

from __future__ import annotations

from msgspec import Struct

from ....contract.guests import DiskSpec
from ....kernel.db import Tx
from ....kernel.errors import NotFound
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ....placement.operations import claims
from ....volume.operations import attachments
from ...model import Entry
from ...rules.guests import disk_spec
from ...store import disks, servers
from ..steps import history
from ..steps.home import Home, known
from .plugging import replug_disk, unplug_disk


class Attached(Struct, frozen=True):
    """Where the server is, and the volume as its guest has it."""

    home: Home
    disk: DiskSpec


@step
async def find_attached(tx: Tx, disk_id: str, server_id: str) -> Attached:
    """What there is to be unplugged."""
    server, disk = await known(tx, server_id), await disks.find(tx, disk_id)
    if disk is None:
        raise NotFound(f"Server {server_id} has no disk {disk_id}.")
    return Attached(Home(server.host_id, await claims.epoch(tx, server_id)), disk_spec(disk))


@step
async def detach_failed(tx: Tx, disk_id: str, entry: Entry, failure: Failure) -> None:
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
async def detach_volume(wf: Workflow, disk_id: str, entry: Entry) -> None:
    """Unplug it; only when the guest has let go is it free."""
    there = await wf.step(find_attached, disk_id, entry.server_id)
    if there.home.host_id is not None:
        await wf.step(unplug_disk, entry.server_id, there.home, there.disk, undo=replug_disk)
    await wf.finish(mark_detached, disk_id, entry)
