"""What can be done to a volume. https://docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action"""

from __future__ import annotations

from ...kernel.http import Request, Response, accepted, ok
from ..operations import attachments, volumes
from . import bodies


async def extend(request: Request, volume_id: str, body: bodies.NewSize) -> Response:
    """Begin to grow a volume."""
    await volumes.extend(request.tx, await volumes.get(request.tx, request.actor, volume_id), body.new_size)
    return accepted()


async def reset_status(request: Request, volume_id: str, body: bodies.NewStatus) -> Response:
    """An administrator's word on a volume's state."""
    await volumes.reset_status(request.tx, await volumes.get(request.tx, request.actor, volume_id), body.status)
    return accepted()


async def force_delete(request: Request, volume_id: str) -> Response:
    """Delete a volume in whatever state; not while a server has it."""
    await volumes.delete(request.tx, request.actor, volume_id, force=True)
    return accepted()


async def set_bootable(request: Request, volume_id: str, body: bodies.Bootable) -> Response:
    """Say whether servers can boot from it."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    await volumes.update(request.tx, volume, {"bootable": body.bootable})
    return ok(None)


async def set_readonly(request: Request, volume_id: str, body: bodies.Readonly) -> Response:
    """Say whether servers may write to it."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    await volumes.set_readonly(request.tx, volume, body.readonly)
    return accepted()


async def reserve(request: Request, volume_id: str) -> Response:
    """Keep others from taking it."""
    await attachments.hold(request.tx, await volumes.get(request.tx, request.actor, volume_id))
    return accepted()


async def unreserve(request: Request, volume_id: str) -> Response:
    """Let others take it again."""
    await attachments.let_go(request.tx, await volumes.get(request.tx, request.actor, volume_id))
    return accepted()


async def attach(request: Request, volume_id: str, body: bodies.Attach) -> Response:
    """An outside attacher has taken it; no guest of ours is touched."""
    attachment = await attachments.reserve(request.tx, request.actor, volume_id, body.instance_uuid or "", body.mode)
    await attachments.note_device(request.tx, attachment.id, body.mountpoint)
    await attachments.complete(request.tx, attachment.id)
    return accepted()


async def detach(request: Request, volume_id: str, body: bodies.Detach) -> Response:
    """An outside attacher has let go."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    await attachments.detach_outside(request.tx, volume, body.attachment_id)
    return accepted()


async def show_image_metadata(request: Request, volume_id: str) -> Response:
    """What is known of the image it was made from."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    return ok({"metadata": volume.image_metadata or {}})


async def set_image_metadata(request: Request, volume_id: str, body: bodies.ImageMetadata) -> Response:
    """Add to it."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    changed = await volumes.update(request.tx, volume, {"image_metadata": {**(volume.image_metadata or {}), **body.metadata}})
    return ok({"metadata": changed.image_metadata})


async def unset_image_metadata(request: Request, volume_id: str, body: bodies.ImageMetadataKey) -> Response:
    """Remove from it."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    await volumes.drop_image_metadata(request.tx, volume, body.key)
    return ok(None)
