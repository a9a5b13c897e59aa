"""What clients get to see. https://docs.openstack.org/api-ref/image/v2/"""

from __future__ import annotations

from typing import Any

from ..model import Image, Member

STORE = "file"
"""The name of the only store."""

_SHOWN = ("id", "name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status", "owner")
_ALSO_SHOWN = ("checksum", "os_hash_algo", "os_hash_value", "protected", "os_hidden", "min_ram", "min_disk")


def _instant(stamp: str) -> str:
    return f"{stamp[:19]}Z"


def image(image: Image) -> dict[str, Any]:
    """An image; its custom properties stand beside its fields."""
    link = f"/v2/images/{image.id}"
    shown: dict[str, Any] = {**image.properties, **{name: getattr(image, name) for name in _SHOWN + _ALSO_SHOWN}}
    shown |= {"created_at": _instant(image.created_at), "updated_at": _instant(image.updated_at), "tags": image.tags}
    shown |= {"self": link, "file": f"{link}/file", "schema": "/v2/schemas/image"}
    return shown | ({"stores": STORE} if image.bytes_key else {})


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
