"""What may be said about an image: fields, their limits, and what may change when."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..kernel.clock import seconds, stamp
from ..kernel.errors import Conflict, Forbidden, Invalid, TooLarge
from .model import ACTIVE, CONTAINER_FORMATS, DEACTIVATED, DISK_FORMATS, PLAIN_CONTAINERS, QUEUED, VISIBILITIES, Image

_LINKS = ("direct_url", "self", "file", "schema", "stores")
_FACTS = ("id", "created_at", "updated_at", "status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")
READ_ONLY = frozenset((*_FACTS, *_LINKS))
RESERVED = frozenset(("location", "locations", "deleted", "deleted_at"))
RESERVED_PREFIX = "os_glance"
NULLABLE_IDS = ("kernel_id", "ramdisk_id")
"""Properties that hold an image's id, or null, which is the same as not having them."""

KEY_DELETION = ("on_image_deletion", "do_not_delete")
"""What may become of a volume's key when the image that needs it is deleted."""

LONGEST = 255
LONGEST_VALUE = 65535
MOST_PROPERTIES = 128
MOST_TAGS = 128
MOST_MEMBERS = 128
LARGEST_INTEGER = (1 << 31) - 1

_UUID = re.compile(r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Invalid(f"Invalid value for '{name}': a string or null is needed.")
    if len(value) > LONGEST:
        raise Invalid(f"Invalid value for '{name}': it is longer than {LONGEST} characters.")
    return value


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"Invalid value for '{name}': an integer is needed.")
    if not 0 <= value <= LARGEST_INTEGER:
        raise Invalid(f"Invalid value '{value}' for parameter '{name}': it must be from 0 to {LARGEST_INTEGER}.")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"Invalid value for '{name}': true or false is needed.")
    return value


def _one_of(choices: Sequence[str | None]) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if value not in choices:
            named = ", ".join("null" if choice is None else choice for choice in choices)
            raise Invalid(f"Invalid value for '{name}': {value!r} is not one of {named}.")
        return value

    return check


def _tags(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Invalid(f"Invalid value for '{name}': a list of strings is needed.")
    tags = tuple(sorted({tag(one) for one in value}))
    if len(tags) > MOST_TAGS:
        raise TooLarge(f"An image may have {MOST_TAGS} tags; {len(tags)} were given.")
    return tags


def tag(value: Any) -> str:
    """A tag. Raises Invalid."""
    if not isinstance(value, str) or not value or len(value) > LONGEST:
        raise Invalid(f"Invalid value for 'tags': a tag is a string of 1 to {LONGEST} characters.")
    return value


def image_id(value: Any) -> str:
    """An image's id. Raises Invalid unless it is a UUID with dashes."""
    if not isinstance(value, str) or not _UUID.match(value):
        raise Invalid("Invalid value for 'id': a UUID with dashes is needed.")
    return value


def instant(name: str, text: str) -> str:
    """An ISO 8601 instant as clients see ours, without the zone: `2026-01-02T03:04:05`. Raises Invalid."""
    try:
        return stamp(seconds(text))[:19]
    except ValueError:
        raise Invalid(f'Bad "{name}" query filter format. Use ISO 8601 DateTime notation.') from None


FIELDS: dict[str, Callable[[str, Any], Any]] = {
    "name": _text,
    "visibility": _one_of(VISIBILITIES),
    "owner": _text,
    "disk_format": _one_of((None, *DISK_FORMATS)),
    "container_format": _one_of((None, *CONTAINER_FORMATS)),
    "min_disk": _count,
    "min_ram": _count,
    "protected": _flag,
    "os_hidden": _flag,
    "tags": _tags,
}
"""What a user may set, and how it is checked."""


def check_name(name: str) -> None:
    """Raise Forbidden for what users may not set, Invalid for an impossible property name."""
    if name in READ_ONLY:
        raise Forbidden(f"Attribute '{name}' is read-only.")
    if name in RESERVED or name.startswith(RESERVED_PREFIX):
        raise Forbidden(f"Attribute '{name}' is reserved.")
    if not name or len(name) > LONGEST:
        raise Invalid(f"A custom property's name has 1 to {LONGEST} characters.")


def property_value(name: str, value: Any) -> str | None:
    """A custom property's value; None: not to be stored. Raises Invalid."""
    if value is None and name in NULLABLE_IDS:
        return None
    if not isinstance(value, str):
        raise Invalid(f"Invalid value for '{name}': custom properties are strings.")
    if name in NULLABLE_IDS and not _UUID.match(value):
        raise Invalid(f"Invalid value for '{name}': the UUID of an image is needed.")
    if name == "cinder_encryption_key_deletion_policy" and value not in KEY_DELETION:
        raise Invalid(f"Invalid value for '{name}': {value!r} is not one of {', '.join(KEY_DELETION)}.")
    if len(value) > LONGEST_VALUE:
        raise Invalid(f"Invalid value for '{name}': it is longer than {LONGEST_VALUE} characters.")
    return value


def check_properties(properties: Mapping[str, str]) -> None:
    """Raise TooLarge if there are too many."""
    if len(properties) > MOST_PROPERTIES:
        raise TooLarge(f"An image may have {MOST_PROPERTIES} custom properties; {len(properties)} were given.")


def check_change(before: Image, after: Image, is_admin: bool) -> None:
    """Raise Forbidden for a change that is not possible in the image's status, or not to this user."""
    if before.owner != after.owner and not is_admin:
        raise Forbidden("Owner can't be updated by non admin.")
    for name in ("container_format", "disk_format"):
        if getattr(before, name) != getattr(after, name) and before.status != QUEUED:
            raise Forbidden(f"Attribute {name} can be only replaced for a queued image.")


def check_uploadable(image: Image) -> None:
    """Raise Invalid unless the image says what its bytes will be, Conflict if it has some or is getting some."""
    check_formats(image)
    check_stageable(image)


def check_stageable(image: Image) -> None:
    """Raise Conflict if the image has bytes or is getting some."""
    if image.status != QUEUED:
        raise Conflict(f"Data can be uploaded to a queued image only; image {image.id} is {image.status}.")


def check_formats(image: Image) -> None:
    """Raise Invalid unless the image says what its bytes will be."""
    missing = [name for name in ("disk_format", "container_format") if not getattr(image, name)]
    if missing:
        plural = "Properties" if len(missing) > 1 else "Property"
        raise Invalid(f"{plural} {', '.join(missing)} must be set prior to saving data.")


def check_readable(image: Image) -> None:
    """Raise Forbidden for a deactivated image, Conflict for one without bytes."""
    if image.status == DEACTIVATED:
        raise Forbidden("The requested image has been deactivated. Image data download is forbidden.")
    if image.status != ACTIVE:
        raise Conflict(f"Image {image.id} is {image.status}, not active: it has no data.")


def check_startable(image: Image) -> None:
    """Raise Invalid for bytes which nobody inspected: inside a container of another kind there may be any disk."""
    if image.container_format not in PLAIN_CONTAINERS:
        raise Invalid(
            f"Image {image.id} has container_format {image.container_format}; a disk can be made of "
            f"{', '.join(PLAIN_CONTAINERS)} images only."
        )
