"""What clients send: new images, and patches of images.

https://specs.openstack.org/openstack/glance-specs/specs/api/v2/http-patch-image-api-v2.html
"""

from __future__ import annotations

import base64
import re
from typing import Any

import msgspec
from msgspec import Struct

from ...kernel.errors import Conflict, Forbidden, Invalid, UnsupportedMedia
from ...kernel.http import Request, whole
from .. import rules
from ..model import Image, NewImage
from ..operations.uploads import Announced

DRAFT_4 = "application/openstack-images-v2.0-json-patch"
RFC_6902 = "application/openstack-images-v2.1-json-patch"
PATCH_MEDIA = (DRAFT_4, RFC_6902)
OCTETS = "application/octet-stream"
OPERATIONS = ("add", "remove", "replace")
LOCATIONS = "locations"
"""What a patch says about these is for `patches`."""


def new_image(body: dict[str, Any]) -> NewImage:
    """A new image: known fields, and any other names as custom properties. Raises Forbidden, Invalid."""
    fields: dict[str, Any] = {}
    properties: dict[str, str] = {}
    for name, value in body.items():
        if name == "id":
            fields["id"] = rules.image_id(value)
        elif name in rules.FIELDS:
            fields[name] = rules.FIELDS[name](name, value)
        else:
            rules.check_name(name)
            text = rules.property_value(name, value)
            if text is not None:
                properties[name] = text
    return NewImage(**fields, properties=properties)


class Change(Struct, frozen=True):
    """One operation of a patch; `strict`: adding something that is there already is a conflict (draft 4)."""

    op: str
    name: str
    value: Any
    strict: bool


def changes(request: Request) -> list[Change]:
    """What a patch asks of an image's own properties, each checked. Raises UnsupportedMedia, Invalid, Forbidden."""
    return [change_of(operation) for operation in operations(request) if operation.root != LOCATIONS]


class Operation(Struct, frozen=True):
    """One operation of a patch as it was sent: on `root`, or on something `deeper` in it."""

    op: str
    root: str
    deeper: list[str]
    value: Any
    draft_4: bool


def operations(request: Request) -> list[Operation]:
    """The operations of a patch. Raises UnsupportedMedia, Invalid."""
    media = media_type(request)
    if media not in PATCH_MEDIA:
        raise UnsupportedMedia(f"Image PATCH expects Content-Type one of: {', '.join(PATCH_MEDIA)}")
    body = request.json()
    if not isinstance(body, list):
        raise Invalid("Request body must be a JSON array of operation objects.")
    return [_operation(operation, media == DRAFT_4) for operation in body]


def _operation(operation: Any, draft_4: bool) -> Operation:
    if not isinstance(operation, dict):
        raise Invalid("Operations must be JSON objects.")
    op, pointer = _draft_4(operation) if draft_4 else _rfc_6902(operation)
    root, *deeper = _parts(pointer)
    if op != "remove" and "value" not in operation:
        raise Invalid(f'Operation "{op}" requires a member named "value".')
    return Operation(op, root, deeper, operation.get("value"), draft_4)


def change_of(operation: Operation) -> Change:
    """An operation on one of an image's own properties. Raises Invalid, Forbidden."""
    name, value = operation.root, operation.value
    if operation.deeper and name not in rules.RESERVED:
        raise Invalid(f"Invalid JSON pointer for this resource: '/{'/'.join((name, *operation.deeper))}'")
    rules.check_name(name)
    if operation.op != "remove":
        value = rules.FIELDS[name](name, value) if name in rules.FIELDS else rules.property_value(name, value)
    return Change(operation.op, name, None if operation.op == "remove" else value, operation.draft_4)


def _draft_4(operation: dict[str, Any]) -> tuple[str, Any]:
    named = [op for op in OPERATIONS if op in operation]
    if len(named) != 1:
        raise Invalid('Operation objects must contain exactly one member named "add", "remove", or "replace".')
    return named[0], operation[named[0]]


def _rfc_6902(operation: dict[str, Any]) -> tuple[str, Any]:
    op = operation.get("op")
    if op not in OPERATIONS:
        raise Invalid(f"Invalid operation: `{op}`. It must be one of the following: {', '.join(OPERATIONS)}.")
    if "path" not in operation:
        raise Invalid("Unable to find 'path' in JSON Schema change")
    return op, operation["path"]


def _parts(pointer: Any) -> list[str]:
    """The parts of a JSON pointer (RFC 6901), one at least. Raises Invalid."""
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise Invalid(f'Pointer `{pointer}` does not start with "/".')
    if re.search("~(?![01])", pointer):
        raise Invalid(f'Pointer `{pointer}` contains "~" not part of a recognized escape sequence.')
    return [part.replace("~1", "/").replace("~0", "~").strip() for part in pointer[1:].split("/")]


def patched(image: Image, wanted: list[Change]) -> Image:
    """The image with all operations applied in order. Raises Conflict, Forbidden."""
    fields: dict[str, Any] = {}
    properties = dict(image.properties)
    for change in wanted:
        known = change.name in rules.FIELDS
        _check_applies(change, known, known or change.name in properties)
        if known:
            fields[change.name] = change.value
        elif change.value is None:
            properties.pop(change.name, None)
        else:
            properties[change.name] = change.value
    return msgspec.structs.replace(image, properties=properties, **fields)


def _check_applies(change: Change, known: bool, present: bool) -> None:
    if change.op == "remove" and known:
        raise Forbidden(f"Property {change.name} may not be removed.")
    if change.op != "add" and not present:
        raise Conflict(f"Property {change.name} does not exist.")
    if change.op == "add" and present and change.strict:
        raise Conflict(f"Property {change.name} already present.")


def media_type(request: Request) -> str:
    """The media type of the body, without parameters."""
    return (request.header("Content-Type") or "").split(";")[0].strip().lower()


def announced(request: Request) -> Announced:
    """What the client says of the image data that it sends. Raises UnsupportedMedia, Invalid."""
    if media_type(request) != OCTETS:
        raise UnsupportedMedia(f"Image data is accepted as {OCTETS} only.")
    return Announced(_size(request), _md5(request), request.header("X-Image-Meta-Store"))


def _size(request: Request) -> int | None:
    text = request.header("X-OpenStack-Image-Size")
    if text is None:
        return request.content_length
    size = whole(text)
    if size is None or size < 0:
        raise Invalid(f"Invalid value {text[:64]!r} for the header x-openstack-image-size: a number of bytes is needed.")
    return size


def _md5(request: Request) -> str | None:
    """Content-MD5 in hexadecimal. It comes as base64 (RFC 1864), or as Glance itself sends it with downloads: in hexadecimal."""
    text = (request.header("Content-MD5") or "").strip()
    if re.fullmatch("[0-9a-fA-F]{32}", text) or not text:
        return text.lower() or None
    if not re.fullmatch("[0-9A-Za-z+/]{22}==", text):
        raise Invalid(f"Invalid value {text!r} for the header content-md5: base64 or hexadecimal is needed.")
    return base64.b64decode(text).hex()
