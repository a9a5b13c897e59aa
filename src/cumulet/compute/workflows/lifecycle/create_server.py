"""Build a server: volumes, a host, its ports and disks, the guest."""

from __future__ import annotations

import msgspec

from ....contract.guests import ImageSource
from ....kernel.db import Tx
from ....kernel.errors import Problem
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ....network.operations import ports
from ....volume.operations import attachments, volumes
from ...model import ACTIVE, DELETING, ERROR, RUNNING, Entry, Fault
from ...rules.guests import Made
from ...store import disks, servers, services
from ..steps import history
from ..steps.actors import owner_of
from ..steps.choosing import Past
from ..steps.commands import HostRefused
from ..steps.home import known
from ..steps.making import destroy_started, make_disk, start_guest, undo_disk
from ..steps.placing import Placed, displace_server, place_server, ports_are_up
from .delete_server import begin_delete_if_asked

ATTEMPTS = 3


@step
async def create_failed(tx: Tx, server_id: str, entry: Entry, source: ImageSource | None, waits: bool, failure: Failure) -> None:
    """Give back what the request took; the server stays, in error, until it is deleted."""
    server = await servers.find(tx, server_id, None)
    if server is None:
        return
    await ports.release(tx, server_id)
    for disk in await disks.of_server(tx, server_id):
        if disk.attachment_id is not None:
            await attachments.release(tx, disk.attachment_id)
        if disk.created_volume and disk.volume_id is not None:
            await _drop_volume(tx, server_id, disk.volume_id)
        await disks.remove(tx, disk.id)
    fault = Fault(500, _words(failure), tx.stamp, failure.internal)
    task = DELETING if server.task == DELETING else None
    await servers.change(
        tx, server_id, state=ERROR, task=task, fault=msgspec.to_builtins(fault), admin_password=None, power_at=tx.stamp
    )
    await history.ended(tx, entry, server.host_name, failure)
    await begin_delete_if_asked(tx, server_id, failure)


def _words(failure: Failure) -> str:
    return f"No valid host was found. {failure.message}" if failure.type == "NoCapacity" else failure.message


async def _drop_volume(tx: Tx, server_id: str, volume_id: str) -> None:
    """A volume made for a server that never ran; one that cannot be deleted now stays, and its owner sees it."""
    try:
        await volumes.delete(tx, owner_of(await known(tx, server_id)), volume_id)
    except Problem:
        return


@step
async def volumes_are_ready(tx: Tx, server_id: str) -> bool:
    """Whether the volumes made for this server have their content. Raises Problem if one failed."""
    for disk in await disks.of_server(tx, server_id):
        if disk.created_volume and disk.volume_id is not None:
            status = await volumes.status(tx, disk.volume_id)
            if status.startswith("error"):
                raise Problem(f"Volume {disk.volume_id} did not finish being created: its status is {status}.")
            if status != "available":
                return False
    return True


@step
async def reserve_volumes(tx: Tx, server_id: str) -> None:
    """Keep the volumes that were made for this server."""
    server = await known(tx, server_id)
    for disk in await disks.of_server(tx, server_id):
        if disk.created_volume and disk.volume_id is not None and disk.attachment_id is None:
            kept = await attachments.reserve(tx, owner_of(server), disk.volume_id, server_id)
            await disks.reserved(tx, disk.id, kept.id)


@step
async def mark_built(tx: Tx, server_id: str, placed: Placed, made: list[Made], entry: Entry) -> None:
    """The server is there."""
    for disk in made:
        await disks.made(tx, disk.disk_id, disk.path, disk.format)
    if any(spec.volume_id for spec in placed.guest.disks):
        for volume in (await disks.volumes_of(tx, [server_id])).get(server_id, []):
            if volume.attachment_id is not None:
                await attachments.complete(tx, volume.attachment_id)
                await disks.attached(tx, volume.id)
    await servers.change(
        tx,
        server_id,
        state=ACTIVE,
        task=None,
        power=RUNNING,
        launched_at=tx.stamp,
        power_at=tx.stamp,
        admin_password=None,
    )
    if placed.home.host_id is not None:
        await services.built(tx, placed.home.host_id)
    await history.ended(tx, entry, placed.host_name)


@workflow(resource="server", deadline=minutes(60), on_failure=create_failed)
async def create_server(wf: Workflow, server_id: str, entry: Entry, source: ImageSource | None, waits: bool) -> None:
    """Claim a host, bind ports, make disks, boot. `source` is the root disk's image; `waits` for volumes that are being made."""
    if waits:
        await wf.wait_until(volumes_are_ready, server_id, timeout=minutes(40), every=1.0)
        await wf.step(reserve_volumes, server_id)
    past = Past()
    async for attempt in wf.attempts(ATTEMPTS, on=HostRefused):
        async with attempt:
            placed = await wf.step(place_server, server_id, Past(past.hosts, attempt.errors), undo=displace_server)
            past = Past([*past.hosts, placed.home.host_id or ""])
            made = []
            for disk in placed.make:
                made.append(await wf.step(make_disk, placed, disk, source, undo=undo_disk, name=f"make {disk.label}"))
            await wf.step(start_guest, placed.guest, placed.claim, placed.home, made, undo=destroy_started)
    if placed.guest.ports:
        await wf.wait_until(ports_are_up, [port.port_id for port in placed.guest.ports], timeout=minutes(5))
    await wf.finish(mark_built, server_id, placed, made, entry)
