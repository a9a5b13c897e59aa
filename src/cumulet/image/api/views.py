"""What clients get to see. https://docs.openstack.org/api-ref/image/v2/"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from ..bytestores import Stores
from ..model import Image, Member, Task

_SHOWN = (
    *("id", "name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status", "owner", "checksum"),
    *("os_hash_algo", "os_hash_value", "protected", "os_hidden", "min_ram", "min_disk", "tags"),
)
_read_shown = attrgetter(*_SHOWN)
"""All of them at once: a list shows a thousand images."""


def _instant(stamp: str) -> str:
    return f"{stamp[:19]}Z"


def image(image: Image, stores: Stores) -> dict[str, Any]:
    """An image; its custom properties stand beside its fields."""
    link = f"/v2/images/{image.id}"
    shown: dict[str, Any] = dict(image.properties)
    shown.update(zip(_SHOWN, _read_shown(image), strict=True))
    shown["created_at"], shown["updated_at"] = _instant(image.created_at), _instant(image.updated_at)
    shown["self"], shown["file"], shown["schema"] = link, f"{link}/file", "/v2/schemas/image"
    if image.locations:
        shown["stores"] = ",".join(dict.fromkeys(location.store for location in stores.sorted(image.locations)))
    return shown


def locations(stores: Stores, image: Image) -> list[dict[str, Any]]:
    """Where an image's bytes are, the best place first."""
    return [
        {"url": stores.get(at.store).store.address(at.key), "metadata": {**at.metadata, "store": at.store}}
        for at in stores.sorted(image.locations)
        if at.store in stores.known
    ]


def member(member: Member) -> dict[str, Any]:
    """A member."""
    return {
        "member_id": member.member_id,
        "image_id": member.image_id,
        "status": member.status,
        "created_at": _instant(member.created_at),
        "updated_at": _instant(member.updated_at),
        "schema": "/v2/schemas/member",
    }


def task_stub(task: Task) -> dict[str, Any]:
    """A task in a list."""
    shown = {name: getattr(task, name) for name in ("id", "type", "status", "owner")}
    shown |= {"created_at": _instant(task.created_at), "updated_at": _instant(task.updated_at)}
    shown |= {"self": f"/v2/tasks/{task.id}", "schema": "/v2/schemas/task"}
    return shown | ({"expires_at": _instant(task.expires_at)} if task.expires_at else {})


def whole_task(task: Task) -> dict[str, Any]:
    """A task."""
    more = ("input", "result", "message", "image_id", "request_id", "user_id")
    return {**task_stub(task), **{name: getattr(task, name) for name in more}}


def task_of_image(task: Task) -> dict[str, Any]:
    """A task among those of its image, without links."""
    shown = {"expires_at": None, **whole_task(task)}
    return {name: value for name, value in shown.items() if name not in ("self", "schema")}
