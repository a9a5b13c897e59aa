"""Attachments: what compute does when a server uses a volume."""

from __future__ import annotations

import msgspec

from ...contract.guests import DiskSpec
from ...kernel import ids
from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import Attachment, Volume
from ..store import attachments, volumes
from .volumes import get as get_volume

__all__ = [
    "Attachment",
    "complete",
    "connect",
    "detaching",
    "get",
    "of_server",
    "of_servers",
    "of_volumes",
    "release",
    "reserve",
    "undo_detaching",
]


async def get(tx: Reader, attachment_id: str) -> Attachment:
    """An attachment. Raises NotFound."""
    found = await attachments.find(tx, attachment_id)
    if found is None:
        raise NotFound(f"Volume attachment could not be found with filter: attachment_id = {attachment_id}.")
    return found


async def of_server(tx: Reader, server_id: str) -> list[Attachment]:
    """A server's attachments, by device."""
    return await attachments.of_servers(tx, [server_id])


async def of_servers(tx: Reader, server_ids: list[str]) -> list[Attachment]:
    """The attachments of several servers, in one statement."""
    return await attachments.of_servers(tx, server_ids)


async def of_volumes(tx: Reader, volume_ids: list[str]) -> dict[str, Attachment]:
    """The attachment of each volume that has one."""
    return await attachments.of_volumes(tx, volume_ids)


async def reserve(tx: Tx, actor: Actor, volume_id: str, server_id: str, mode: str = "rw") -> Attachment:
    """Take an available volume for a server. Raises NotFound; Invalid unless it is available (K3)."""
    volume = await get_volume(tx, actor, volume_id)
    if not await volumes.move(tx, volume_id, "reserved", ("available",)):
        raise Invalid(
            f"Invalid volume: Volume {volume_id} status must be available or downloading to reserve, but is {volume.status}."
        )
    attachment = Attachment(
        id=ids.new_uuid(),
        volume_id=volume_id,
        server_id=server_id,
        project_id=volume.project_id,
        status="reserved",
        mode="ro" if volume.readonly else mode,
        generation=await attachments.next_generation(tx, volume_id),
        device=None,
        host_id=None,
        attached_at=None,
    )
    await attachments.add(tx, attachment)
    return attachment


async def connect(tx: Tx, attachment_id: str, host_id: str, device: str) -> DiskSpec:
    """Make a volume usable on a host, as the disk `device` (vdb, …) of its server. Again is as good as once.

    Raises Conflict if the volume's file is on another host.
    """
    attachment = await get(tx, attachment_id)
    volume = await _volume(tx, attachment)
    if volume.host_id != host_id or volume.path is None or volume.format is None:
        raise Conflict(f"Volume {volume.id} is on another host than the server; volumes can only be attached where they are.")
    if attachment.status == "reserved":
        await volumes.move(tx, volume.id, "attaching", ("reserved",))
    status = "attaching" if attachment.status == "reserved" else attachment.status
    await attachments.save(tx, msgspec.structs.replace(attachment, host_id=host_id, device=f"/dev/{device}", status=status))
    return DiskSpec(
        disk_id=volume.id,
        path=volume.path,
        format=volume.format,
        device=device,
        serial=volume.id,
        volume_id=volume.id,
        readonly=attachment.mode == "ro",
    )


async def _volume(tx: Reader, attachment: Attachment) -> Volume:
    volume = await volumes.find(tx, attachment.volume_id)
    if volume is None:
        raise NotFound(f"Volume {attachment.volume_id} could not be found.")
    return volume


async def complete(tx: Tx, attachment_id: str) -> None:
    """The guest has the disk: the volume is in use. Again is as good as once."""
    attachment = await get(tx, attachment_id)
    await volumes.move(tx, attachment.volume_id, "in-use", ("reserved", "attaching"))
    if attachment.status != "attached":
        await attachments.save(tx, msgspec.structs.replace(attachment, status="attached", attached_at=tx.stamp))


async def detaching(tx: Tx, attachment_id: str) -> None:
    """The server will let go. Raises Invalid unless the volume is in use."""
    attachment = await get(tx, attachment_id)
    if not await volumes.move(tx, attachment.volume_id, "detaching", ("in-use",)):
        volume = await _volume(tx, attachment)
        raise Invalid(f"Invalid volume: Volume {volume.id} status must be in-use to detach, but is {volume.status}.")
    await attachments.save(tx, msgspec.structs.replace(attachment, status="detaching"))


async def undo_detaching(tx: Tx, attachment_id: str) -> None:
    """The guest did not let go: the volume is in use as before."""
    attachment = await attachments.find(tx, attachment_id)
    if attachment is not None and attachment.status == "detaching":
        await volumes.move(tx, attachment.volume_id, "in-use", ("detaching",))
        await attachments.save(tx, msgspec.structs.replace(attachment, status="attached"))


async def release(tx: Tx, attachment_id: str) -> None:
    """The server has let go, or never got it: the volume is available. Done already if the attachment is gone (K9)."""
    attachment = await attachments.find(tx, attachment_id)
    if attachment is not None and await attachments.remove(tx, attachment_id):
        await volumes.move(tx, attachment.volume_id, "available", ("reserved", "attaching", "in-use", "detaching"))


async def hold(tx: Tx, volume: Volume) -> None:
    """Reserve a volume without saying for whom. Raises Invalid unless it is available."""
    if not await volumes.move(tx, volume.id, "attaching", ("available",)):
        raise Invalid(f"Invalid volume: Volume {volume.id} status must be available to reserve, but is {volume.status}.")


async def let_go(tx: Tx, volume: Volume) -> None:
    """End `hold`. Raises Invalid unless it is held."""
    if not await volumes.move(tx, volume.id, "available", ("attaching",)):
        raise Invalid(f"Invalid volume: Volume {volume.id} status must be attaching to unreserve, but is {volume.status}.")


async def note_device(tx: Tx, attachment_id: str, device: str | None) -> None:
    """Remember where an outside attacher put it."""
    await attachments.save(tx, msgspec.structs.replace(await get(tx, attachment_id), device=device))


async def detach_outside(tx: Tx, volume: Volume, attachment_id: str | None) -> None:
    """End an attachment that no guest of ours has. Raises Invalid for another's, or if there is none (K9)."""
    attachment = (await attachments.of_volumes(tx, [volume.id])).get(volume.id)
    if attachment is None or attachment_id not in (None, attachment.id):
        raise Invalid(f"Invalid volume: Volume {volume.id} has no such attachment.")
    if attachment.host_id is not None:
        raise Invalid(f"Invalid volume: Volume {volume.id} is used by server {attachment.server_id}; detach it there.")
    await release(tx, attachment.id)
