"""Attach a volume to a server that exists."""

from __future__ import annotations

from msgspec import Struct

from ....contract.guests import DiskSpec
from ....kernel.db import Tx
from ....kernel.errors import NotFound
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ....placement.operations import claims
from ....volume.operations import attachments
from ...model import Entry
from ...store import disks, servers
from ..steps import history
from ..steps.home import Home, known
from .plugging import plug_disk, unplug_attached


class Connected(Struct, frozen=True):
    """Where the server is, and the volume as it looks from there; None while the server is on no host."""

    home: Home
    disk: DiskSpec | None
    host_name: str | None


@step
async def connect_volume(tx: Tx, disk_id: str, server_id: str) -> Connected:
    """Make the volume reachable from the server's host."""
    server = await known(tx, server_id)
    disk = await disks.find(tx, disk_id)
    if disk is None or disk.attachment_id is None:
        raise NotFound(f"Server {server_id} has no disk {disk_id}.")
    if server.host_id is None:
        return Connected(Home(None, 0), None, None)
    spec = await attachments.connect(tx, disk.attachment_id, server.host_id, disk.device.removeprefix("/dev/"))
    await disks.made(tx, disk.id, spec.path, spec.format)
    return Connected(Home(server.host_id, await claims.epoch(tx, server_id)), spec, server.host_name)


@step
async def attach_failed(tx: Tx, disk_id: str, entry: Entry, failure: Failure) -> None:
    """The volume is free again."""
    disk = await disks.find(tx, disk_id)
    if disk is not None:
        if disk.attachment_id is not None:
            await attachments.release(tx, disk.attachment_id)
        await disks.remove(tx, disk_id)
        await servers.change(tx, disk.server_id)
    await history.ended(tx, entry, None, failure)


@step
async def mark_attached(tx: Tx, disk_id: str, entry: Entry, host_name: str | None) -> None:
    """The volume is in use."""
    disk = await disks.find(tx, disk_id)
    if disk is not None and disk.attachment_id is not None:
        await attachments.complete(tx, disk.attachment_id)
        await disks.attached(tx, disk_id)
        await servers.change(tx, disk.server_id)
    await history.ended(tx, entry, host_name)


@workflow(resource="server_disk", deadline=minutes(15), on_failure=attach_failed)
async def attach_volume(wf: Workflow, disk_id: str, entry: Entry) -> None:
    """Connect it, plug it in if the guest runs, and say that it is in use."""
    found = await wf.step(connect_volume, disk_id, entry.server_id)
    if found.disk is not None:
        await wf.step(plug_disk, entry.server_id, found.home, found.disk, undo=unplug_attached)
    await wf.finish(mark_attached, disk_id, entry, found.host_name)
