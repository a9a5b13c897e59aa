"""Take a server away: the guest, its disks into quarantine, then everything it held, the claim last."""

from __future__ import annotations

from ....kernel.db import Tx
from ....kernel.errors import Problem
from ....kernel.log import current_request_id
from ....kernel.workflow import Failure, Workflow, hours, start, step, workflow
from ....network.operations import ports
from ....placement.operations.ledger import moves
from ....volume.operations import attachments, volumes
from ...model import DELETED, TURN, UNKNOWN, Disk, Entry, Server, Usage
from ...store import actions, disks, quotas, servers
from ..steps import history
from ..steps.actors import owner_of
from ..steps.home import find_home, known
from ..steps.making import destroy_guest, quarantine_disks


@step
async def mark_deleted(tx: Tx, server_id: str, entry: Entry) -> None:
    """Free everything, and the claim with it."""
    server = await known(tx, server_id)
    await ports.release(tx, server_id)
    for disk in (await disks.volumes_of(tx, [server_id])).get(server_id, []):
        await _let_go(tx, server, disk)
    await disks.remove_all(tx, server_id)
    await moves.leave(tx, server_id)
    flavor = server.flavor
    await quotas.grow(tx, server.project_id, Usage(-1, -flavor["vcpus"], -flavor["ram"]))
    await history.ended(tx, entry, server.host_name)
    if server.tags:
        await servers.untag(tx, server_id)
    await servers.change(
        tx,
        server_id,
        state=DELETED,
        task=None,
        power=UNKNOWN,
        terminated_at=tx.stamp,
        deleted_at=tx.stamp,
        user_data=None,
        admin_password=None,
    )


async def _let_go(tx: Tx, server: Server, disk: Disk) -> None:
    if disk.attachment_id is not None:
        await attachments.release(tx, disk.attachment_id)
    if disk.delete_on_termination and disk.volume_id is not None:
        try:
            await volumes.delete(tx, owner_of(server), disk.volume_id)
        except Problem:
            return  # it has snapshots, or is gone: the server is deleted all the same


@workflow(resource="server", deadline=hours(1))
async def delete_server(wf: Workflow, server_id: str, entry: Entry) -> None:
    """Once begun, a deletion is only ever finished; while the host does not answer it is tried again."""
    await wf.point_of_no_return()
    home = await wf.step(find_home, server_id)
    if home.host_id is not None:
        await wf.step(destroy_guest, server_id, home)
        await wf.step(quarantine_disks, server_id, home)
    await wf.finish(mark_deleted, server_id, entry)


async def begin_delete(tx: Tx, server_id: str, entry: Entry) -> None:
    """Start the deletion; it waits for what is being attached to the server."""
    await start(tx, delete_server, server_id, entry, request_id=current_request_id(), turn=TURN.format(server_id))


async def begin_delete_if_asked(tx: Tx, server_id: str, failure: Failure) -> bool:
    """For workflows that ended because their server is to be deleted; whether that was so."""
    if "cancel" not in failure.intents and failure.type != "Cancelled":
        return False
    asked = await actions.last(tx, server_id, "delete")
    if asked is None:
        return False
    await begin_delete(tx, server_id, Entry(server_id, asked.request_id, "delete", asked.started_at))
    return True
