"""Attaching volumes to servers, and detaching them."""

from __future__ import annotations

from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Duplicate, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ....kernel.log import current_request_id
from ....kernel.policy import Actor
from ....kernel.workflow import start
from ....volume.operations import attachments
from ....volume.operations import volumes as volume_service
from ...model import ACTIVE, PAUSED, RESIZED, SHELVED, SOFT_DELETED, STOPPED, TURN, VOLUME, Disk, Server
from ...rules import names
from ...store import disks
from ...workflows.devices import attach_volume, detach_volume
from ..servers.reading import get as get_server
from ..servers.reading import record, take

STATES = (ACTIVE, PAUSED, STOPPED, RESIZED, SOFT_DELETED, SHELVED)


class NewAttachment(Struct, frozen=True):
    """A volume that a server is to have. `device` is a wish."""

    volume_id: str
    device: str | None = None
    tag: str | None = None
    delete_on_termination: bool = False


async def index(tx: Reader, server: Server) -> list[Disk]:
    """A server's volumes, by device."""
    return (await disks.volumes_of(tx, [server.id])).get(server.id, [])


async def get(tx: Reader, server: Server, volume_id: str) -> Disk:
    """One of a server's volumes. Raises NotFound."""
    found = await disks.find_volume(tx, server.id, volume_id)
    if found is None:
        raise NotFound(f"Instance {server.id} is not attached to volume {volume_id}")
    return found


async def attach(tx: Tx, actor: Actor, server_id: str, wanted: NewAttachment) -> Disk:
    """Reserve the volume and begin to attach it.

    Raises NotFound, Invalid (the volume's state), Conflict (the server's state, the device).
    """
    server = await take(tx, actor, server_id, "attach_volume", STATES)
    await _check_place(tx, actor, server, wanted.volume_id)
    taken = [disk.device for disk in await disks.of_server(tx, server_id)]
    device = names.chosen_device(wanted.device, taken)
    kept = await attachments.reserve(tx, actor, wanted.volume_id, server_id)
    disk = _disk(server_id, wanted, device, kept.id)
    try:
        await disks.add(tx, disk)
    except Duplicate:
        raise Conflict(f"The device {device} or volume {wanted.volume_id} is already in use.") from None
    entry = await record(tx, actor, server_id, "attach_volume")
    await start(tx, attach_volume, disk.id, entry, request_id=current_request_id(), turn=TURN.format(server_id))
    return disk


async def _check_place(tx: Reader, actor: Actor, server: Server, volume_id: str) -> None:
    volume = await volume_service.get(tx, actor, volume_id)
    if volume.status == "available" and volume.host_id != server.host_id and server.host_id is not None:
        raise Invalid(f"Invalid volume: volume {volume_id} is on another host than instance {server.id}.")


def _disk(server_id: str, wanted: NewAttachment, device: str, attachment_id: str) -> Disk:
    return Disk(
        id=ids.new_uuid(),
        server_id=server_id,
        place=VOLUME,
        label="",
        source="volume",
        image_id=None,
        size_mb=0,
        device=device,
        bus=None,
        boot_index=None,
        delete_on_termination=wanted.delete_on_termination,
        tag=wanted.tag,
        volume_id=wanted.volume_id,
        attachment_id=attachment_id,
        created_volume=False,
        path=None,
        format=None,
        attached_at=None,
    )


async def detach(tx: Tx, actor: Actor, server_id: str, volume_id: str) -> None:
    """Begin to detach a volume. Raises NotFound, Conflict, Invalid, Forbidden (the root disk)."""
    server = await take(tx, actor, server_id, "detach_volume", STATES)
    disk = await get(tx, server, volume_id)
    if disk.boot_index == 0:
        raise Invalid("Cannot detach a root device volume")
    if disk.attachment_id is None or disk.attached_at is None:
        raise Conflict(f"Volume {volume_id} is still being attached to instance {server_id}.")
    await attachments.detaching(tx, disk.attachment_id)
    entry = await record(tx, actor, server_id, "detach_volume")
    await start(tx, detach_volume, disk.id, entry, request_id=current_request_id(), turn=TURN.format(server_id))


async def keep_on_termination(tx: Tx, actor: Actor, server_id: str, disk: Disk, delete: bool) -> None:
    """Whether the volume is deleted with the server."""
    await get_server(tx, actor, server_id)
    await disks.delete_with_server(tx, disk.id, delete)
