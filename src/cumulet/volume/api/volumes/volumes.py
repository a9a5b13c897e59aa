"""Volumes. https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes"""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, accepted, ok
from ...operations import volumes
from ...rules import filters
from .. import values as v
from . import bodies, listing, views

FORCIBLE, WITH_METADATA = 23, 36


async def create(request: Request, body: bodies.NewVolumeBody) -> Response:
    """Begin to create a volume."""
    volume = await volumes.create(request.tx, request.actor, body.wanted(), request.parts.image_store)
    return accepted({"volume": await views.plain(request, volume)})


async def index(request: Request) -> Response:
    """List volumes in short."""
    found, asked = await listing.find(request)
    shown = [views.brief(request, volume) for volume in found]
    return ok(await listing.envelope(request, shown, asked, ("/volumes", found[-1].id if found else None)))


async def detail(request: Request) -> Response:
    """List volumes."""
    found, asked = await listing.find(request)
    shown = await views.whole(request, found)
    return ok(await listing.envelope(request, shown, asked, ("/volumes/detail", found[-1].id if found else None)))


async def summary(request: Request) -> Response:
    """How many volumes, how many GiB, and their metadata."""
    asked = listing.wanted(request)
    found = await volumes.everything(request.tx, request.actor, asked.page, asked.all_projects)
    shown: dict[str, Any] = {"total_count": len(found), "total_size": sum(volume.size_gb for volume in found)}
    if listing.minor(request) >= WITH_METADATA:
        shown["metadata"] = filters.distinct(volume.metadata for volume in found)
    return ok({"volume-summary": shown})


async def show(request: Request, volume_id: str) -> Response:
    """Show a volume."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    return ok({"volume": (await views.whole(request, [volume]))[0]})


async def update(request: Request, volume_id: str, body: bodies.VolumeChanges) -> Response:
    """Change name, description, metadata."""
    changed = await volumes.update(request.tx, request.actor, volume_id, body.changes(request.version))
    return ok({"volume": await views.plain(request, changed)})


async def delete(request: Request, volume_id: str) -> Response:
    """Begin to delete a volume."""
    force = listing.minor(request) >= FORCIBLE and v.asked_flag(request, "force")
    if force:
        request.authorize("volume_extension:volume_admin_actions:force_delete")
    await volumes.delete(request.tx, request.actor, volume_id, force, cascade=v.asked_flag(request, "cascade"))
    return accepted()
