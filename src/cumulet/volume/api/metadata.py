"""A volume's metadata. https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes"""

from __future__ import annotations

from ...kernel.http import Request, Response, ok
from ..operations import volumes
from . import bodies


async def index(request: Request, volume_id: str) -> Response:
    """All of it."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    return ok({"metadata": volume.metadata})


async def add(request: Request, volume_id: str, body: bodies.Metadata) -> Response:
    """Add and overwrite."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    changed = await volumes.update(request.tx, volume, {"metadata": {**volume.metadata, **body}})
    return ok({"metadata": changed.metadata})


async def replace(request: Request, volume_id: str, body: bodies.Metadata) -> Response:
    """Set all of it."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    changed = await volumes.update(request.tx, volume, {"metadata": body})
    return ok({"metadata": changed.metadata})


async def show(request: Request, volume_id: str, key: str) -> Response:
    """One item."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    return ok({"meta": {key: volumes.metadata_item(volume, key)}})


async def set_item(request: Request, volume_id: str, key: str, body: bodies.Metadata) -> Response:
    """Set one item."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    await volumes.set_metadata_item(request.tx, volume, key, body)
    return ok({"meta": body})


async def remove(request: Request, volume_id: str, key: str) -> Response:
    """Remove one item."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    volumes.metadata_item(volume, key)
    kept = {name: value for name, value in volume.metadata.items() if name != key}
    await volumes.update(request.tx, volume, {"metadata": kept})
    return ok(None)
