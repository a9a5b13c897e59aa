"""Volumes. https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes"""

from __future__ import annotations

from typing import Any

from ...kernel.db import Page
from ...kernel.http import Filter, Paging, Request, Response, accepted, flag, ok
from ...kernel.http.paging import next_page
from ..model import Volume
from ..operations import attachments, volumes
from ..operations.volumes import NewVolume
from . import bodies, views

PAGING = Paging(
    filters={
        "name": Filter("name"),
        "display_name": Filter("name"),
        "status": Filter("status"),
        "size": Filter("size", read=int),
        "availability_zone": Filter("zone"),
        "bootable": Filter("bootable", read=flag),
        "user_id": Filter("user_id"),
        "project_id": Filter("project_id"),
        "id": Filter("id"),
    },
    sorts={
        "created_at": "created_at",
        "updated_at": "updated_at",
        "name": "name",
        "display_name": "name",
        "status": "status",
        "size": "size",
        "id": "id",
        "bootable": "bootable",
        "availability_zone": "availability_zone",
    },
    descending=True,
)


async def create(request: Request, body: bodies.NewVolumeBody) -> Response:
    """Begin to create a volume."""
    body.refuse_what_is_missing()
    wanted = NewVolume(
        size_gb=body.size_gb(),
        name=body.name or body.display_name,
        description=body.description or body.display_description,
        image_id=body.image_ref or body.image_id,
        metadata=body.metadata or {},
        zone=body.availability_zone or "nova",
        volume_type=body.volume_type,
    )
    volume = await volumes.create(request.tx, request.actor, wanted, request.parts.image_store)
    return accepted({"volume": views.plain(request, volume)})


def _wanted(request: Request) -> Page:
    page = PAGING.page(request)
    offset = request.asked("offset")
    return volumes.checked(page, offset)


async def _found(request: Request) -> list[Volume]:
    all_projects = flag(request.asked("all_tenants") or "0")
    found = await volumes.page(request.tx, request.actor, _wanted(request), all_projects)
    return volumes.having(found, request.asked("metadata"))


def _listed(request: Request, found: list[Volume], shown: list[dict[str, Any]], path: str) -> Response:
    body: dict[str, Any] = {"volumes": shown}
    limit = request.asked("limit")
    if limit and found and len(found) == int(limit):
        body["volumes_links"] = [{"rel": "next", "href": request.url(next_page(request, path, found[-1].id))}]
    return ok(body)


async def index(request: Request) -> Response:
    """List volumes in short."""
    found = await _found(request)
    return _listed(request, found, [views.brief(request, v) for v in found], "/v3/volumes")


async def detail(request: Request) -> Response:
    """List volumes."""
    found = await _found(request)
    attached = await attachments.of_volumes(request.tx, [v.id for v in found])
    return _listed(request, found, [views.volume(request, v, attached.get(v.id)) for v in found], "/v3/volumes/detail")


async def summary(request: Request) -> Response:
    """How many volumes, how many GiB."""
    found = await _found(request)
    shown: dict[str, Any] = {"total_count": len(found), "total_size": sum(v.size_gb for v in found)}
    return ok({"volume-summary": shown})


async def show(request: Request, volume_id: str) -> Response:
    """Show a volume."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    attached = await attachments.of_volumes(request.tx, [volume_id])
    return ok({"volume": views.volume(request, volume, attached.get(volume_id))})


async def update(request: Request, volume_id: str, body: bodies.VolumeChanges) -> Response:
    """Change name, description, metadata."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    changed = await volumes.update(request.tx, volume, body.changes())
    attached = await attachments.of_volumes(request.tx, [volume_id])
    return ok({"volume": views.plain(request, changed, attached.get(volume_id))})


async def delete(request: Request, volume_id: str) -> Response:
    """Begin to delete a volume."""
    force = flag(request.asked("force") or "false")
    if force:
        request.authorize("volume:force_delete")
    await volumes.delete(request.tx, request.actor, volume_id, force)
    return accepted()
