"""Volumes of servers. https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ....kernel.errors import Conflict, Invalid
from ....kernel.http import Lives, Paging, Request, Response, Version, accepted, ok
from ...model import Disk
from ...operations.devices import volumes
from ...operations.devices.volumes import NewAttachment
from ...operations.servers import reading
from .. import values as v

POLICY = "os_compute_api:os-volumes-attachments:"
UPDATABLE = Version(2, 85)
Device = Annotated[str, Meta(pattern=r"(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$")]


class NewAttachmentBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A volume to be attached."""

    volume_id: str = field(name="volumeId")
    device: Device | None = None
    tag: Annotated[v.Tag | None, Lives("2.49")] = None
    delete_on_termination: Annotated[v.Flag, Lives("2.79")] = False

    def wanted(self) -> NewAttachment:
        """What is asked for. Raises Invalid."""
        keep = v.flag("delete_on_termination", self.delete_on_termination)
        return NewAttachment(v.identifier("volumeId", self.volume_id), self.device, self.tag, keep)


class AttachmentChanges(Struct, kw_only=True, forbid_unknown_fields=True):
    """An attachment as it is, with `delete_on_termination` as it should be."""

    volume_id: str = field(name="volumeId")
    id: Annotated[str | UnsetType, Lives("2.85")] = UNSET
    server_id: Annotated[str | UnsetType, Lives("2.85")] = field(name="serverId", default=UNSET)
    device: Annotated[Device | UnsetType | None, Lives("2.85")] = UNSET
    tag: Annotated[v.Tag | UnsetType, Lives("2.85")] = UNSET
    delete_on_termination: Annotated[v.Flag | UnsetType, Lives("2.85")] = UNSET

    def check(self, server_id: str, disk: Disk) -> None:
        """Raise Invalid if something that cannot change would."""
        same: dict[str, Any] = {"id": (self.id, disk.volume_id), "serverId": (self.server_id, server_id)}
        same |= {"device": (self.device, disk.device), "tag": (self.tag, disk.tag)}
        for name, (given, there) in same.items():
            if given is not UNSET and given != there:
                raise Invalid(f"The {name} property is not mutable")


class AttachmentView(Struct, kw_only=True):
    """An attachment."""

    id: Annotated[str, Lives(until="2.88")]
    volume_id: str = field(name="volumeId")
    server_id: str = field(name="serverId")
    device: str
    tag: Annotated[str | None, Lives("2.70")]
    delete_on_termination: Annotated[bool, Lives("2.79")]
    attachment_id: Annotated[str | None, Lives("2.89")]
    bdm_uuid: Annotated[str, Lives("2.89")]


def _view(disk: Disk) -> AttachmentView:
    volume_id = disk.volume_id or ""
    return AttachmentView(
        id=volume_id,
        volume_id=volume_id,
        server_id=disk.server_id,
        device=disk.device,
        tag=disk.tag,
        delete_on_termination=disk.delete_on_termination,
        attachment_id=disk.attachment_id,
        bdm_uuid=disk.id,
    )


class AttachedView(Struct, kw_only=True):
    """An attachment that has just begun: as above, but for the fields of 2.89."""

    id: str
    volume_id: str = field(name="volumeId")
    server_id: str = field(name="serverId")
    device: str
    tag: Annotated[str | None, Lives("2.70")]
    delete_on_termination: Annotated[bool, Lives("2.79")]


async def index(request: Request, server_id: str) -> Response:
    """A server's volumes."""
    server = await reading.get(request.tx, request.actor, server_id)
    found = await volumes.index(request.tx, server)
    limit = Paging({}, {}, always_limit=True).page(request).limit
    start = v.count("offset", request.asked("offset") or "0")
    return ok({"volumeAttachments": [_view(disk) for disk in found[start:][:limit]]})


async def show(request: Request, server_id: str, volume_id: str) -> Response:
    """One of a server's volumes."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"volumeAttachment": _view(await volumes.get(request.tx, server, volume_id))})


async def attach(request: Request, server_id: str, body: NewAttachmentBody) -> Response:
    """Attach a volume."""
    disk = await volumes.attach(request.tx, request.actor, server_id, body.wanted())
    shown: dict[str, Any] = {"id": disk.volume_id, "volume_id": disk.volume_id, "server_id": server_id, "device": disk.device}
    return ok({"volumeAttachment": AttachedView(tag=disk.tag, delete_on_termination=disk.delete_on_termination, **shown)})


async def update(request: Request, server_id: str, volume_id: str, body: AttachmentChanges) -> Response:
    """Change whether a volume is deleted with its server. Exchanging one volume for another is the volume service's own affair."""
    version = request.version or UPDATABLE
    swap = version < UPDATABLE or body.volume_id != volume_id
    request.authorize(POLICY + ("swap" if swap else "update"))
    server = await reading.get(request.tx, request.actor, server_id)
    disk = await volumes.get(request.tx, server, volume_id)
    if swap:
        raise Conflict(f"volume {volume_id} is not migrating; this API should only be called by Cinder")
    body.check(server_id, disk)
    if body.delete_on_termination is not UNSET:
        wanted = v.flag("delete_on_termination", body.delete_on_termination)
        await volumes.keep_on_termination(request.tx, request.actor, server_id, disk, wanted)
    return accepted()


async def detach(request: Request, server_id: str, volume_id: str) -> Response:
    """Detach a volume."""
    await volumes.detach(request.tx, request.actor, server_id, volume_id)
    return accepted()
