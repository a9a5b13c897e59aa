"""JSON schemas, and what this service can do. https://docs.openstack.org/api-ref/image/v2/#image-schemas

The service has one store and offers no import methods, and says so.
"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, ok
from .. import rules
from ..model import CONTAINER_FORMATS, DISK_FORMATS, MEMBER_STATUSES, STATUSES, VISIBILITIES
from . import views

_UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
_TEXT, _TEXT_OR_NULL, _INTEGER_OR_NULL = "string", ["null", "string"], ["null", "integer"]


def _field(kind: Any, description: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, **more}


def _fixed(kind: Any, description: str, **more: Any) -> dict[str, Any]:
    return _field(kind, description, readOnly=True, **more)


def _custom(kind: Any, description: str, **more: Any) -> dict[str, Any]:
    return _field(kind, description, is_base=False, **more)


_IMAGE: dict[str, Any] = {
    "id": _field(_TEXT, "The image's identifier, a UUID", pattern=_UUID),
    "name": _field(_TEXT_OR_NULL, "What people call the image", maxLength=rules.LONGEST),
    "status": _fixed(_TEXT, "Where the image is in its life", enum=list(STATUSES)),
    "visibility": _field(_TEXT, "Who can see and use the image", enum=list(VISIBILITIES)),
    "protected": _field("boolean", "Whether the image is safe from being deleted"),
    "os_hidden": _field("boolean", "Whether lists leave the image out unless they are asked for hidden ones"),
    "checksum": _fixed(_TEXT_OR_NULL, "MD5 of the data, hexadecimal", maxLength=32),
    "os_hash_algo": _fixed(_TEXT_OR_NULL, "The algorithm of os_hash_value", maxLength=64),
    "os_hash_value": _fixed(_TEXT_OR_NULL, "Hash of the data, hexadecimal", maxLength=128),
    "owner": _field(_TEXT_OR_NULL, "The project that owns the image", maxLength=rules.LONGEST),
    "size": _fixed(_INTEGER_OR_NULL, "Size of the data in bytes"),
    "virtual_size": _fixed(_INTEGER_OR_NULL, "Size of the disk inside the data in bytes"),
    "container_format": _field(_TEXT_OR_NULL, "What the data is wrapped in", enum=[None, *CONTAINER_FORMATS]),
    "disk_format": _field(_TEXT_OR_NULL, "What the data is", enum=[None, *DISK_FORMATS]),
    "created_at": _fixed(_TEXT, "When the image was made"),
    "updated_at": _fixed(_TEXT, "When the image was changed last"),
    "tags": _field("array", "Words attached to the image", items={"type": _TEXT, "maxLength": rules.LONGEST}),
    "min_ram": _field("integer", "Memory that a server needs for this image, in MiB"),
    "min_disk": _field("integer", "Disk that a server needs for this image, in GiB"),
    "self": _fixed(_TEXT, "The image's URL"),
    "file": _fixed(_TEXT, "The URL of the image's data"),
    "stores": _fixed(_TEXT, "The stores which hold the image's data"),
    "schema": _fixed(_TEXT, "The URL of this schema"),
    "kernel_id": _custom(_TEXT_OR_NULL, "The image to use as kernel when booting this one", pattern=_UUID),
    "ramdisk_id": _custom(_TEXT_OR_NULL, "The image to use as ramdisk when booting this one", pattern=_UUID),
    "instance_uuid": _custom(_TEXT, "The server that this image is a snapshot of; for information"),
    "architecture": _custom(_TEXT, "The processor architecture that the image is for"),
    "os_distro": _custom(_TEXT, "The operating system's distribution, in lower case"),
    "os_version": _custom(_TEXT, "The operating system's version, as its distributor writes it"),
}
_MEMBER: dict[str, Any] = {
    "member_id": _field(_TEXT, "The project that the image is shared with"),
    "image_id": _field(_TEXT, "The image's identifier, a UUID", pattern=_UUID),
    "created_at": _field(_TEXT, "When the image was shared"),
    "updated_at": _field(_TEXT, "When the membership was changed last"),
    "status": _field(_TEXT, "What the project said to the image", enum=list(MEMBER_STATUSES)),
    "schema": {"type": _TEXT, "readOnly": True},
}
_IMAGE_SCHEMA: dict[str, Any] = {
    "name": "image",
    "properties": _IMAGE,
    "additionalProperties": {"type": _TEXT},
    "links": [
        {"rel": "self", "href": "{self}"},
        {"rel": "enclosure", "href": "{file}"},
        {"rel": "describedby", "href": "{schema}"},
    ],
}
_MEMBER_SCHEMA: dict[str, Any] = {"name": "member", "properties": _MEMBER}


def _collection(name: str, item: dict[str, Any], links: list[tuple[str, str]]) -> dict[str, Any]:
    described = [(rel, field) for rel, field in links if rel != "describedby"]
    properties = {
        name: {"type": "array", "items": item},
        **{field: {"type": _TEXT} for _, field in described},
        "schema": {"type": _TEXT},
    }
    return {"name": name, "properties": properties, "links": [{"rel": rel, "href": f"{{{field}}}"} for rel, field in links]}


async def image_schema(request: Request) -> Response:
    """The schema of an image."""
    return ok(_IMAGE_SCHEMA)


async def images_schema(request: Request) -> Response:
    """The schema of a list of images."""
    return ok(_collection("images", _IMAGE_SCHEMA, [("first", "first"), ("next", "next"), ("describedby", "schema")]))


async def member_schema(request: Request) -> Response:
    """The schema of a member."""
    return ok(_MEMBER_SCHEMA)


async def members_schema(request: Request) -> Response:
    """The schema of a list of members."""
    return ok(_collection("members", _MEMBER_SCHEMA, [("describedby", "schema")]))


async def import_methods(request: Request) -> Response:
    """The import methods: none."""
    return ok({"import-methods": {"description": "Import methods available.", "type": "array", "value": []}})


def _store() -> dict[str, Any]:
    return {"id": views.STORE, "description": "Files on the control plane's disk", "default": "true"}


async def stores(request: Request) -> Response:
    """The stores: one."""
    return ok({"stores": [_store()]})


async def stores_in_detail(request: Request) -> Response:
    """The stores as administrators see them."""
    properties = {"data_dir": str(request.parts.store.root), "thin_provisioning": False}
    return ok({"stores": [{**_store(), "type": "file", "weight": 0, "properties": properties}]})


async def usage(request: Request) -> Response:
    """Usage against limits: nothing, as there are no limits."""
    return ok({"usage": {}})
