"""Attachments that are made through the API, for machines that are not servers of ours.

No guest of ours has such a volume, and no file of ours is reachable from elsewhere: a connector must be one of this cloud's hosts,
the one where the volume is. What compute made for its servers cannot be ended here (K9): a volume would be taken from under a
running guest.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ...placement.operations import hosts
from ..model import Attachment, Volume
from ..store import attachments, volumes
from .attachments import complete as complete_any
from .attachments import find_held, release, take
from .volumes import hold as hold_volume

Attachments = list[Attachment]
DETACHABLE = ("in-use", "detaching", "reserved", "attaching")


def _missing(attachment_id: str) -> NotFound:
    return NotFound(f"Volume attachment could not be found with filter: attachment_id = {attachment_id}.")


async def get(tx: Reader, actor: Actor, attachment_id: str) -> Attachment:
    """An attachment that the actor may see, whoever made it. Raises NotFound."""
    found = await attachments.find(tx, attachment_id)
    if found is None or actor.scope not in (None, found.project_id):
        raise _missing(attachment_id)
    return found


async def page(tx: Reader, actor: Actor, wanted: Page, all_projects: bool) -> Attachments:
    """Attachments of the actor's project; of every project only for administrators who ask for it."""
    if not (all_projects and actor.is_admin):
        wanted = wanted.where("project_id", actor.project_id or "")
    return await attachments.page(tx, wanted)


async def _held(tx: Tx, actor: Actor, attachment_id: str) -> tuple[Attachment, Volume]:
    found = await find_held(tx, attachment_id)
    if found is None or actor.scope not in (None, found[0].project_id):
        raise _missing(attachment_id)
    return found


def _check_own(attachment: Attachment) -> None:
    if not attachment.outside:
        raise Conflict(f"Detach volume from instance {attachment.server_id} using the Compute API.")


async def create(tx: Tx, actor: Actor, volume_id: str, server_id: str | None, how: tuple[str, dict[str, Any] | None]) -> Attachment:
    """Take a volume; `how` is the mode, and the connector if it is known already.

    Raises NotFound, Invalid unless the volume is available (K3), Conflict for a connector that cannot reach it.
    """
    volume = await hold_volume(tx, actor, volume_id)
    if "error" in volume.status:
        raise Invalid(f"Invalid volume: Attachments can not be created while volume {volume_id} is in state {volume.status}.")
    mode, connector = how
    attachment = await take(tx, volume, server_id, mode, outside=True)
    return await _connect(tx, attachment, volume, connector) if connector else attachment


async def update(tx: Tx, actor: Actor, attachment_id: str, connector: dict[str, Any]) -> Attachment:
    """Say which machine is going to use it. Raises NotFound, Conflict for one that cannot, and for what compute made."""
    attachment, volume = await _held(tx, actor, attachment_id)
    _check_own(attachment)
    if "error" in volume.status:
        raise Conflict(f"Volume attachments can not be updated while volume {volume.id} is in state {volume.status}.")
    return await _connect(tx, attachment, volume, connector)


async def _connect(tx: Tx, attachment: Attachment, volume: Volume, connector: dict[str, Any]) -> Attachment:
    name = connector.get("host")
    host = await hosts.find(tx, name) if isinstance(name, str) else None
    if host is None or host.id != volume.host_id:
        raise Conflict(f"Volume {volume.id} is a file on a host of this cloud, which a connector with host {name} cannot reach.")
    device = connector.get("mountpoint")
    mode = "ro" if volume.readonly or connector.get("mode") == "ro" else attachment.mode
    status = "attaching" if attachment.status == "reserved" else attachment.status
    changed = msgspec.structs.replace(
        attachment, connector=connector, device=device if isinstance(device, str) else None, mode=mode, status=status
    )
    await attachments.save(tx, changed)
    await volumes.move(tx, volume.id, "attaching", ("reserved",))
    return changed


async def complete(tx: Tx, actor: Actor, attachment_id: str) -> None:
    """It is in use now. Raises NotFound, Conflict for what compute made."""
    attachment, _ = await _held(tx, actor, attachment_id)
    _check_own(attachment)
    await complete_any(tx, attachment_id)


async def delete(tx: Tx, actor: Actor, attachment_id: str) -> None:
    """End one. Raises NotFound, Conflict for what compute made (K9)."""
    attachment, _ = await _held(tx, actor, attachment_id)
    _check_own(attachment)
    await release(tx, attachment_id)


async def attach(tx: Tx, actor: Actor, volume_id: str, server_id: str | None, place: tuple[str, str]) -> None:
    """At once, as `os-attach` does; `place` is the device and the mode.

    Raises NotFound, Invalid (state; writing to a volume that is only for reading).
    """
    volume = await hold_volume(tx, actor, volume_id)
    device, mode = place
    if volume.readonly and mode == "rw":
        raise Invalid(f"Invalid attaching mode 'rw' for volume {volume_id}.")
    if volume.status == "attaching" and volume_id not in await attachments.of_volumes(tx, [volume_id]):
        await volumes.move(tx, volume_id, "available", ("attaching",))  # it was reserved for this
    attachment = await take(tx, volume, server_id, mode, outside=True)
    await attachments.save(tx, msgspec.structs.replace(attachment, device=device))
    await complete_any(tx, attachment.id)


async def detach(tx: Tx, actor: Actor, volume_id: str, attachment_id: str | None, force: bool = False) -> None:
    """End the attachment of a volume, as `os-detach` does; by `force` whatever state the volume is in.

    Raises NotFound (volume, attachment), Invalid (state; no attachment, or another volume's), Conflict for what compute made (K9).
    """
    volume = await hold_volume(tx, actor, volume_id)
    if attachment_id is not None:
        named, _ = await _held(tx, actor, attachment_id)
        if named.volume_id != volume_id:
            raise Invalid("Mismatched volume and attachment.")
    attachment = (await attachments.of_volumes(tx, [volume_id])).get(volume_id)
    if attachment is None:
        raise Invalid(f"Invalid volume: Volume {volume_id} has no attachment.")
    _check_own(attachment)
    if not force and volume.status not in DETACHABLE:
        raise Invalid(f"Invalid volume: Volume {volume_id} status must be {' or '.join(DETACHABLE)}, but is {volume.status}.")
    await release(tx, attachment.id)
    if force:
        await volumes.move(tx, volume_id, "available", ("error", "maintenance"))


def connection(attachment: Attachment) -> dict[str, Any]:
    """What the machine of the connector is told: the volume is a file of its own host, by the volume's id."""
    if attachment.connector is None:
        return {}
    return {
        "driver_volume_type": "local",
        "attachment_id": attachment.id,
        "volume_id": attachment.volume_id,
        "access_mode": attachment.mode,
        "encrypted": False,
        "discard": False,
        "qos_specs": None,
    }
