"""Volumes as JSON objects. Instants are `2026-01-02T03:04:05.000000`."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import replace

from ....kernel.http import Lives, Request
from ...model import Attachment, Volume
from ...operations import attachments, types, zones
from ..links import bookmark, link

SHOWN = ("attached", "detaching")


class Brief(Struct):
    """A volume in the short list."""

    id: str
    name: str | None
    links: list[dict[str, str]]


class VolumeView(Struct, kw_only=True):
    """A volume."""

    id: str
    name: str | None
    description: str | None
    status: str
    size: int
    availability_zone: str | None
    bootable: str
    encrypted: bool = False
    multiattach: bool = False
    replication_status: None = None
    consistencygroup_id: None = None
    snapshot_id: str | None
    source_volid: str | None
    volume_type: str
    user_id: str
    metadata: dict[str, str]
    attachments: list[dict[str, Any]]
    links: list[dict[str, str]]
    created_at: str
    updated_at: str | None
    volume_image_metadata: dict[str, str] | UnsetType = UNSET
    migration_status: UnsetType | None = UNSET
    project_id: str | UnsetType = field(name="os-vol-tenant-attr:tenant_id", default=UNSET)
    host: str | UnsetType | None = field(name="os-vol-host-attr:host", default=UNSET)
    migration: UnsetType | None = field(name="os-vol-mig-status-attr:migstat", default=UNSET)
    migrated_from: UnsetType | None = field(name="os-vol-mig-status-attr:name_id", default=UNSET)
    group_id: Annotated[None, Lives("3.13")] = None
    provider_id: Annotated[UnsetType | None, Lives("3.21")] = UNSET
    service_uuid: Annotated[str | None, Lives("3.48")]
    shared_targets: Annotated[bool, Lives("3.48")] = False
    cluster_name: Annotated[UnsetType | None, Lives("3.61")] = UNSET
    volume_type_id: Annotated[str, Lives("3.63")]
    consumes_quota: Annotated[bool, Lives("3.65")] = True


def links(request: Request, volume_id: str) -> list[dict[str, str]]:
    """Where a volume is."""
    path = f"/volumes/{volume_id}"
    return [
        {"rel": "self", "href": link(request, path)},
        {"rel": "bookmark", "href": bookmark(request, path)},
    ]


def brief(request: Request, volume: Volume) -> Brief:
    """A volume in the short list."""
    return Brief(volume.id, volume.name, links(request, volume.id))


def _attachment(a: Attachment) -> dict[str, Any]:
    return {
        "id": a.volume_id,
        "attachment_id": a.id,
        "volume_id": a.volume_id,
        "server_id": a.server_id,
        "host_name": (a.connector or {}).get("host"),
        "device": a.device,
        "attached_at": a.attached_at,
    }


def _plain(request: Request, v: Volume, type_name: str, attachment: Attachment | None = None) -> VolumeView:
    shown = attachment is not None and attachment.status in SHOWN
    admin: Any = None if request.actor.is_admin else UNSET
    return VolumeView(
        id=v.id,
        name=v.name,
        description=v.description,
        status=v.status,
        size=v.size_gb,
        availability_zone=v.zone or None,
        bootable="true" if v.bootable else "false",
        snapshot_id=v.snapshot_id,
        source_volid=v.source_id,
        volume_type=type_name,
        user_id=v.user_id,
        metadata={**v.metadata, **({} if v.readonly is None else {"readonly": str(v.readonly)})},
        attachments=[_attachment(attachment)] if shown and attachment else [],
        links=links(request, v.id),
        created_at=v.created_at,
        updated_at=v.updated_at,
        migration_status=admin,
        provider_id=admin,
        cluster_name=admin,
        service_uuid=v.host_id,
        volume_type_id=v.type_id,
    )


async def plain(request: Request, volume: Volume) -> VolumeView:
    """A volume as create and update answer it."""
    names = await types.names(request.tx, {volume.type_id})
    attached = await attachments.of_volumes(request.tx, [volume.id])
    return _plain(request, volume, names[volume.type_id], attached.get(volume.id))


async def whole(request: Request, found: list[Volume]) -> list[VolumeView]:
    """Volumes as lists and show have them: with whose they are, their images, and for administrators where they are."""
    names = await types.names(request.tx, {volume.type_id for volume in found})
    attached = await attachments.of_volumes(request.tx, [volume.id for volume in found])
    places = await zones.places(request.tx) if request.actor.is_admin and found else {}
    shown = []
    for volume in found:
        view = _plain(request, volume, names[volume.type_id], attached.get(volume.id))
        shown.append(_placed(request, view, volume, places))
    return shown


def _placed(request: Request, view: VolumeView, volume: Volume, places: dict[str, str]) -> VolumeView:
    image = volume.image_metadata
    shown = {name: str(value) for name, value in image.items()} if image else UNSET
    view = replace(view, project_id=volume.project_id, volume_image_metadata=shown)
    if not request.actor.is_admin:
        return view
    place = places.get(volume.host_id or "")
    return replace(view, host=f"{place}#files" if place else None, migration=None, migrated_from=None)
