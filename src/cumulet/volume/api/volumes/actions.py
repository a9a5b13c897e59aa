"""What can be done to a volume. https://docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action"""

from __future__ import annotations

from ....kernel.errors import Invalid
from ....kernel.http import Request, Response, accepted, ok
from ...operations import descriptions, outside, snapshots, states, volumes
from .. import values as v
from . import bodies
from .listing import minor

IN_USE = 42
"""Since when clients know that a volume can be extended under a server."""


async def extend(request: Request, volume_id: str, body: bodies.NewSize) -> Response:
    """Begin to grow a volume."""
    size = v.gigabytes("new_size", body.new_size)
    if not size:
        raise Invalid(f"Invalid input for field/attribute new_size. Value: {body.new_size}. It must be greater than 0.")
    await volumes.extend(request.tx, request.actor, volume_id, size, in_use=minor(request) >= IN_USE)
    return accepted()


async def force_delete(request: Request, volume_id: str) -> Response:
    """Delete a volume in whatever state; not while a server has it."""
    await volumes.delete(request.tx, request.actor, volume_id, force=True)
    return accepted()


async def reset_status(request: Request, volume_id: str, body: bodies.NewStatus) -> Response:
    """An administrator's word on a volume's state."""
    body.check()
    to = body.status.lower() if body.status else None
    attached = body.attach_status.lower() if body.attach_status else None
    await states.reset(request.tx, request.actor, volume_id, to, attached)
    return accepted()


async def retype(request: Request, volume_id: str, body: bodies.Retype) -> Response:
    """Make it a volume of another type."""
    await states.retype(request.tx, request.actor, volume_id, body.new_type)
    return accepted()


async def revert(request: Request, volume_id: str, body: bodies.Revert) -> Response:
    """Begin to make it what its latest snapshot holds."""
    await snapshots.revert(request.tx, request.actor, volume_id, body.snapshot_id)
    return accepted()


async def set_bootable(request: Request, volume_id: str, body: bodies.Bootable) -> Response:
    """Say whether servers can boot from it."""
    await descriptions.set_bootable(request.tx, request.actor, volume_id, v.flag("bootable", body.bootable))
    return ok(None)


async def set_readonly(request: Request, volume_id: str, body: bodies.Readonly) -> Response:
    """Say whether servers may write to it."""
    await descriptions.set_readonly(request.tx, request.actor, volume_id, v.flag("readonly", body.readonly))
    return accepted()


async def reserve(request: Request, volume_id: str) -> Response:
    """Keep others from taking it."""
    await states.reserve(request.tx, request.actor, volume_id)
    return accepted()


async def unreserve(request: Request, volume_id: str) -> Response:
    """Let others take it again."""
    await states.unreserve(request.tx, request.actor, volume_id)
    return accepted()


async def begin_detaching(request: Request, volume_id: str) -> Response:
    """It is going to be detached."""
    await states.begin_detaching(request.tx, request.actor, volume_id)
    return accepted()


async def roll_detaching(request: Request, volume_id: str) -> Response:
    """It is not going to be detached after all."""
    await states.roll_detaching(request.tx, request.actor, volume_id)
    return accepted()


async def attach(request: Request, volume_id: str, body: bodies.Attach) -> Response:
    """An outside attacher has taken it; no guest of ours is touched."""
    body.check()
    await outside.attach(request.tx, request.actor, volume_id, body.instance_uuid, (body.mountpoint, body.mode))
    return accepted()


async def detach(request: Request, volume_id: str, body: bodies.Detach | None = None) -> Response:
    """An outside attacher has let go."""
    await outside.detach(request.tx, request.actor, volume_id, body.attachment_id if body else None)
    return accepted()


async def force_detach(request: Request, volume_id: str, body: bodies.ForceDetach | None = None) -> Response:
    """An outside attacher will never come back. What a server of ours has stays its own (K9)."""
    await outside.detach(request.tx, request.actor, volume_id, body.attachment_id if body else None, force=True)
    return accepted()


async def show_image_metadata(request: Request, volume_id: str) -> Response:
    """What is known of the image it was made from."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    return ok({"metadata": volume.image_metadata or {}})


async def set_image_metadata(request: Request, volume_id: str, body: bodies.ImageMetadata) -> Response:
    """Add to it."""
    return ok({"metadata": await descriptions.describe_image(request.tx, request.actor, volume_id, body.metadata)})


async def unset_image_metadata(request: Request, volume_id: str, body: bodies.ImageMetadataKey) -> Response:
    """Remove from it."""
    await descriptions.forget_of_image(request.tx, request.actor, volume_id, body.key)
    return ok(None)
