"""What is told of images, their members and tasks: upstream's events and payloads.

https://docs.openstack.org/glance/latest/admin/notifications.html
"""

from __future__ import annotations

from typing import Any

from ..kernel.db import Tx
from ..kernel.notifications import tell
from ..kernel.notifications.outbox import ERROR, INFO
from ..kernel.policy import Actor
from .model import PUBLIC, Image, Member, Task

_SAID = (
    *("id", "name", "status", "min_disk", "min_ram", "protected", "checksum", "owner", "disk_format", "container_format"),
    *("size", "virtual_size", "visibility", "properties", "tags"),
)
_STORES = ("os_glance_importing_to_stores", "os_glance_failed_import")


def _instant(stamp: str) -> str:
    return f"{stamp[:19]}Z"


async def of_image(tx: Tx, event: str, image: Image, store: str | None = None) -> None:
    """`image.create`, `update`, `delete`, `prepare` (an upload begins), `upload` (its bytes are there), `activate`.

    `store` is where the bytes are going, or are.
    """
    if not tx.tells:
        return
    deleted = event == "delete"
    said: dict[str, Any] = {name: getattr(image, name) for name in _SAID}
    said |= {"is_public": image.visibility == PUBLIC, "created_at": _instant(image.created_at)}
    said |= {"updated_at": _instant(image.updated_at), "deleted": deleted, "deleted_at": _instant(tx.stamp) if deleted else None}
    if event in ("prepare", "upload"):
        said |= {name: [each for each in image.properties.get(name, "").split(",") if each] for name in _STORES}
    await tell(tx, "image", f"image.{event}", said | ({"backend": store} if store else {}))


async def of_failed_upload(tx: Tx, image_id: str, why: str) -> None:
    """`image.upload` as an error: bytes did not arrive, or were not taken. Its payload is a text."""
    await tell(tx, "image", "image.upload", f"The data of image {image_id} did not arrive: {why}", ERROR)


async def of_member(tx: Tx, event: str, member: Member) -> None:
    """`image.member.create`, `update`, `delete`."""
    deleted = event == "delete"
    said = {"image_id": member.image_id, "member_id": member.member_id, "status": member.status}
    life = {"created_at": _instant(member.created_at), "updated_at": _instant(member.updated_at)}
    told = {**said, **life, "deleted": deleted, "deleted_at": _instant(tx.stamp) if deleted else None}
    await tell(tx, "image", f"image.member.{event}", told)


async def of_task(tx: Tx, event: str, task: Task) -> None:
    """`task.create`, `run`, `processing`, `success`, `failure`, `delete`. Never what was asked for: it may hold credentials."""
    said: dict[str, Any] = {"id": task.id, "type": task.type, "status": task.status, "owner": task.owner}
    said |= {"created_at": _instant(task.created_at), "updated_at": _instant(task.updated_at)}
    said["expires_at"] = _instant(task.expires_at) if task.expires_at else None
    deleted = event == "delete"
    said |= {"result": None, "message": None, "deleted": deleted, "deleted_at": _instant(tx.stamp) if deleted else None}
    await tell(tx, "image", f"task.{event}", said)


async def of_download(tx: Tx, actor: Actor, image: Image, sent: int, wanted: int) -> None:
    """`image.send`: bytes went to somebody. It is an error if fewer did than he asked for."""
    told = {"bytes_sent": sent, "image_id": image.id, "owner_id": image.owner}
    told |= {"receiver_tenant_id": actor.project_id, "receiver_user_id": actor.user_id}
    await tell(tx, "image", "image.send", told, INFO if sent == wanted else ERROR)
