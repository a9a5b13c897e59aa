"""Block storage's resources as JSON objects. Instants are `2026-01-02T03:04:05.000000`."""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request
from ..model import DEFAULT_TYPE_ID, DEFAULT_TYPE_NAME, Attachment, Volume


def links(request: Request, volume_id: str) -> list[dict[str, str]]:
    """Where a volume is."""
    path = f"/volumes/{volume_id}"
    return [
        {"rel": "self", "href": request.url("/v3" + path)},
        {"rel": "bookmark", "href": request.url(path)},
    ]


def brief(request: Request, volume: Volume) -> dict[str, Any]:
    """A volume in the short list."""
    return {"id": volume.id, "name": volume.name, "links": links(request, volume.id)}


def _attachment(a: Attachment) -> dict[str, Any]:
    return {
        "id": a.volume_id,
        "attachment_id": a.id,
        "volume_id": a.volume_id,
        "server_id": a.server_id,
        "host_name": None,
        "device": a.device,
        "attached_at": a.attached_at,
    }


def volume(request: Request, v: Volume, attachment: Attachment | None = None) -> dict[str, Any]:
    """A volume as lists and show have it: with whose it is, its image, and for administrators where it is."""
    found = {**plain(request, v, attachment), "os-vol-tenant-attr:tenant_id": v.project_id}
    if v.image_metadata:
        found["volume_image_metadata"] = {name: str(value) for name, value in v.image_metadata.items()}
    if request.actor.is_admin:
        host = f"{v.host_id}@files#files" if v.host_id else None
        found |= {"os-vol-host-attr:host": host, "os-vol-mig-status-attr:migstat": None, "os-vol-mig-status-attr:name_id": None}
    return found


def plain(request: Request, v: Volume, attachment: Attachment | None = None) -> dict[str, Any]:
    """A volume as create and update answer it."""
    shown = attachment is not None and attachment.status in ("attached", "detaching")
    return {
        "id": v.id,
        "name": v.name,
        "description": v.description,
        "status": v.status,
        "size": v.size_gb,
        "availability_zone": v.zone,
        "bootable": "true" if v.bootable else "false",
        "encrypted": False,
        "multiattach": False,
        "replication_status": None,
        "consistencygroup_id": None,
        "snapshot_id": None,
        "source_volid": None,
        "volume_type": DEFAULT_TYPE_NAME,
        "user_id": v.user_id,
        "metadata": {**v.metadata, **({"readonly": "True"} if v.readonly else {})},
        "attachments": [_attachment(attachment)] if shown and attachment else [],
        "links": links(request, v.id),
        "created_at": v.created_at,
        "updated_at": v.updated_at,
        "migration_status": None,
    }


def default_type() -> dict[str, Any]:
    """The one volume type: files on a host."""
    return {
        "id": DEFAULT_TYPE_ID,
        "name": DEFAULT_TYPE_NAME,
        "description": "Files on a host",
        "is_public": True,
        "os-volume-type-access:is_public": True,
        "qos_specs_id": None,
        "extra_specs": {},
    }
