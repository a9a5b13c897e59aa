"""Images and their members. https://docs.openstack.org/api-ref/image/v2/#image-schemas"""

from __future__ import annotations

from typing import Any

from ... import rules
from ...model import CONTAINER_FORMATS, DISK_FORMATS, MEMBER_STATUSES, STATUSES, VISIBILITIES
from .words import INTEGER_OR_NULL, LINK, TEXT, TEXT_OR_NULL, UUID, array, collection, described, field, fixed


def _custom(kind: Any, description: str, **more: Any) -> dict[str, Any]:
    return field(kind, description, is_base=False, **more)


_VALIDATION = {
    "type": "object",
    "description": "What the data's hash must be",
    "writeOnly": True,
    "additionalProperties": False,
    "properties": {
        "checksum": {"type": TEXT, "minLength": 32, "maxLength": 32},
        "os_hash_algo": {"type": TEXT, "maxLength": 64},
        "os_hash_value": {"type": TEXT, "maxLength": 128},
    },
    "required": ["os_hash_algo", "os_hash_value"],
}
_LOCATION = {
    "type": "object",
    "properties": {
        "url": {"type": TEXT, "maxLength": rules.LONGEST},
        "metadata": {"type": "object"},
        "validation_data": _VALIDATION,
    },
    "required": ["url", "metadata"],
}
_FIELDS: dict[str, Any] = {
    "id": field(TEXT, "The image's identifier, a UUID", pattern=UUID),
    "name": field(TEXT_OR_NULL, "What people call the image", maxLength=rules.LONGEST),
    "status": fixed(TEXT, "Where the image is in its life", enum=list(STATUSES)),
    "visibility": field(TEXT, "Who can see and use the image", enum=list(VISIBILITIES)),
    "protected": field("boolean", "Whether the image is safe from being deleted"),
    "os_hidden": field("boolean", "Whether lists leave the image out unless they are asked for hidden ones"),
    "checksum": fixed(TEXT_OR_NULL, "MD5 of the data, hexadecimal", maxLength=32),
    "os_hash_algo": fixed(TEXT_OR_NULL, "The algorithm of os_hash_value", maxLength=64),
    "os_hash_value": fixed(TEXT_OR_NULL, "Hash of the data, hexadecimal", maxLength=128),
    "owner": field(TEXT_OR_NULL, "The project that owns the image", maxLength=rules.LONGEST),
    "size": fixed(INTEGER_OR_NULL, "Size of the data in bytes"),
    "virtual_size": fixed(INTEGER_OR_NULL, "Size of the disk inside the data in bytes"),
    "container_format": field(TEXT_OR_NULL, "What the data is wrapped in", enum=[None, *CONTAINER_FORMATS]),
    "disk_format": field(TEXT_OR_NULL, "What the data is", enum=[None, *DISK_FORMATS]),
    "created_at": fixed(TEXT, "When the image was made"),
    "updated_at": fixed(TEXT, "When the image was changed last"),
    "tags": field("array", "Words attached to the image", items={"type": TEXT, "maxLength": rules.LONGEST}),
    "direct_url": fixed(TEXT, "The URL of the data in its store"),
    "min_ram": field("integer", "Memory that a server needs for this image, in MiB"),
    "min_disk": field("integer", "Disk that a server needs for this image, in GiB"),
    "self": fixed(TEXT, "The image's URL"),
    "file": fixed(TEXT, "The URL of the image's data"),
    "stores": fixed(TEXT, "The stores which hold the image's data"),
    "schema": fixed(TEXT, "The URL of this schema"),
    "locations": {**array(_LOCATION), "description": "The URLs of the data in its stores"},
    "kernel_id": _custom(TEXT_OR_NULL, "The image to use as kernel when booting this one", pattern=UUID),
    "ramdisk_id": _custom(TEXT_OR_NULL, "The image to use as ramdisk when booting this one", pattern=UUID),
    "instance_uuid": _custom(TEXT, "The server that this image is a snapshot of; for information"),
    "architecture": _custom(TEXT, "The processor architecture that the image is for"),
    "os_distro": _custom(TEXT, "The operating system's distribution, in lower case"),
    "os_version": _custom(TEXT, "The operating system's version, as its distributor writes it"),
    "description": _custom(TEXT, "What people should know about the image"),
    "cinder_encryption_key_id": _custom(TEXT, "The key with which the volume that this image is a copy of is encrypted"),
    "cinder_encryption_key_deletion_policy": _custom(
        TEXT, "What becomes of that key when the image is deleted", enum=list(rules.KEY_DELETION)
    ),
}
_MEMBER_FIELDS: dict[str, Any] = {
    "member_id": field(TEXT, "The project that the image is shared with"),
    "image_id": field(TEXT, "The image's identifier, a UUID", pattern=UUID),
    "created_at": field(TEXT, "When the image was shared"),
    "updated_at": field(TEXT, "When the membership was changed last"),
    "status": field(TEXT, "What the project said to the image", enum=list(MEMBER_STATUSES)),
    "schema": LINK,
}
IMAGE: dict[str, Any] = {
    "name": "image",
    "properties": _FIELDS,
    "additionalProperties": {"type": TEXT},
    "links": described("self", "enclosure=file", "describedby=schema"),
}
MEMBER: dict[str, Any] = {"name": "member", "properties": _MEMBER_FIELDS}
IMAGES, MEMBERS = collection("images", IMAGE), collection("members", MEMBER, paged=False)
