"""Attachments: what compute does when a server uses a volume.

Every function holds the volume's row first, and then the attachment's: two of them on one volume are done in turn.
"""

from __future__ import annotations

import msgspec

from ...contract.guests import DiskSpec
from ...kernel import ids
from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import Attachment, Volume
from ..store import attachments, volumes
from .volumes import hold as hold_volume

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
    volume = await hold_volume(tx, actor, volume_id)
    return await take(tx, volume, server_id, mode, outside=False)


async def take(tx: Tx, volume: Volume, server_id: str | None, mode: str, outside: bool) -> Attachment:
    """`reserve` for a volume that is held already."""
    if not await volumes.move(tx, volume.id, "reserved", ("available",)):
        raise Invalid(
            f"Invalid volume: Volume {volume.id} status must be available or downloading to reserve, but the current status is "
            f"{volume.status}."
        )
    attachment = Attachment(
        id=ids.new_uuid(),
        volume_id=volume.id,
        server_id=server_id,
        project_id=volume.project_id,
        status="reserved",
        mode="ro" if volume.readonly else mode,
        generation=await attachments.next_generation(tx, volume.id),
        device=None,
        host_id=None,
        outside=outside,
        connector=None,
        created_at=tx.stamp,
        attached_at=None,
    )
    await attachments.add(tx, attachment)
    return attachment


async def connect(tx: Tx, attachment_id: str, host_id: str, device: str) -> DiskSpec:
    """Make a volume usable on a host, as the disk `device` (vdb, …) of its server. Again is as good as once.

    Raises NotFound, Conflict if the volume's file is on another host.
    """
    attachment, volume = await _held(tx, attachment_id)
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


async def find_held(tx: Tx, attachment_id: str) -> tuple[Attachment, Volume] | None:
    """An attachment and its volume, that nobody else changes until the transaction ends; None if it is gone."""
    found = await attachments.find(tx, attachment_id)
    volume = await volumes.hold(tx, found.volume_id) if found else None
    attachment = await attachments.hold(tx, attachment_id)
    return (attachment, volume) if attachment is not None and volume is not None else None


async def _held(tx: Tx, attachment_id: str) -> tuple[Attachment, Volume]:
    found = await find_held(tx, attachment_id)
    if found is None:
        raise NotFound(f"Volume attachment could not be found with filter: attachment_id = {attachment_id}.")
    return found


async def complete(tx: Tx, attachment_id: str) -> None:
    """The guest has the disk: the volume is in use. Again is as good as once. Raises NotFound."""
    attachment, volume = await _held(tx, attachment_id)
    await volumes.move(tx, volume.id, "in-use", ("reserved", "attaching"))
    if attachment.status != "attached":
        await attachments.save(tx, msgspec.structs.replace(attachment, status="attached", attached_at=tx.stamp))


async def detaching(tx: Tx, attachment_id: str) -> None:
    """The server will let go. Raises NotFound, Invalid unless the volume is in use."""
    attachment, volume = await _held(tx, attachment_id)
    if not await volumes.move(tx, volume.id, "detaching", ("in-use",)):
        raise Invalid(f"Invalid volume: Volume {volume.id} status must be in-use to detach, but is {volume.status}.")
    await attachments.save(tx, msgspec.structs.replace(attachment, status="detaching"))


async def undo_detaching(tx: Tx, attachment_id: str) -> None:
    """The guest did not let go: the volume is in use as before."""
    found = await find_held(tx, attachment_id)
    if found is not None and found[0].status == "detaching":
        await volumes.move(tx, found[1].id, "in-use", ("detaching",))
        await attachments.save(tx, msgspec.structs.replace(found[0], status="attached"))


async def release(tx: Tx, attachment_id: str) -> None:
    """The server has let go, or never got it: the volume is available. Done already if the attachment is gone (K9)."""
    found = await find_held(tx, attachment_id)
    if found is not None and await attachments.remove(tx, attachment_id):
        await volumes.move(tx, found[1].id, "available", ("reserved", "attaching", "in-use", "detaching"))
