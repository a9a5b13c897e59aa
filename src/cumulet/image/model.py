"""Images' values."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

QUEUED, SAVING, ACTIVE, DEACTIVATED, DELETED = "queued", "saving", "active", "deactivated", "deleted"
UPLOADING, IMPORTING = "uploading", "importing"
STATUSES = (QUEUED, SAVING, ACTIVE, "killed", DELETED, UPLOADING, IMPORTING, "pending_delete", DEACTIVATED)
"""Every status clients know; `killed` and `pending_delete` never occur here."""
FILLING = (SAVING, UPLOADING, IMPORTING)
"""While an image is one of these, its attempt's bytes are being written somewhere, or wait in the staging store."""

PUBLIC, COMMUNITY, SHARED, PRIVATE = "public", "community", "shared", "private"
VISIBILITIES = (COMMUNITY, PUBLIC, PRIVATE, SHARED)

PENDING, ACCEPTED, REJECTED = "pending", "accepted", "rejected"
MEMBER_STATUSES = (PENDING, ACCEPTED, REJECTED)

DISK_FORMATS = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")
CONTAINER_FORMATS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
PLAIN_CONTAINERS = ("ami", "ari", "aki", "bare")
"""Containers which are just the disk: its format can be inspected, and a server can start from it."""

HASH = "sha512"
"""What images are hashed by, beside MD5, unless the operator chooses another algorithm."""


SORTS = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
"""What images can be sorted by."""

PROPERTY_SEPARATOR = "\x1f"
"""Between name and value where a custom property to look for is one text."""


class Location(Struct, frozen=True):
    """Where an image's bytes are: under which key in which store. `metadata` is what services note about it."""

    store: str
    key: str
    metadata: dict[str, Any] = {}


class Image(Struct, frozen=True):
    """An image. Sizes are in bytes, `min_disk` in GiB, `min_ram` in MiB; instants are stamps.

    `locations` say where the bytes are, once there are any. `revision` grows with each change of the record that is not
    one of status: two changes made from the same revision cannot both happen. `version` grows with each change of any kind, of
    tags, properties and locations too: what was written of the image for clients holds for as long as it stays.
    """

    id: str
    name: str | None
    status: str
    visibility: str
    owner: str | None
    min_disk: int
    min_ram: int
    disk_format: str | None
    container_format: str | None
    protected: bool
    os_hidden: bool
    created_at: str
    updated_at: str
    size: int | None = None
    virtual_size: int | None = None
    checksum: str | None = None
    os_hash_algo: str | None = None
    os_hash_value: str | None = None
    revision: int = 0
    version: int = 0
    tags: tuple[str, ...] = ()
    properties: dict[str, str] = {}
    locations: tuple[Location, ...] = ()

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores that have the bytes, each once."""
        return tuple(dict.fromkeys(location.store for location in self.locations))


class Key(Struct, frozen=True):
    """Enough of an image to know who may see it, and whether what was written of it before still holds.

    An id may be used again once its image is gone for good, hence `created_at`.
    """

    id: str
    owner: str | None
    visibility: str
    version: int
    created_at: str


class NewImage(Struct, frozen=True, kw_only=True):
    """What a user says about an image to be made. `owner` None is the user's own project."""

    id: str | None = None
    name: str | None = None
    visibility: str = SHARED
    owner: str | None = None
    disk_format: str | None = None
    container_format: str | None = None
    min_disk: int = 0
    min_ram: int = 0
    protected: bool = False
    os_hidden: bool = False
    tags: tuple[str, ...] = ()
    properties: dict[str, str] = {}


class Member(Struct, frozen=True):
    """A project which an image is shared with, and what it said to that."""

    image_id: str
    member_id: str
    status: str
    created_at: str
    updated_at: str


class Attempt(Struct, frozen=True):
    """One try to fill an image: the only one that may make the image active, or give it back to `queued`.

    `status` is what the image is meanwhile.
    """

    image_id: str
    upload_id: str
    status: str = SAVING

    @property
    def key(self) -> str:
        """The name of its bytes in a store."""
        return f"{self.image_id}.{self.upload_id}"

    @property
    def staged_key(self) -> str:
        """The name of its bytes in the staging store, which may be one of those that images are kept in."""
        return f"{self.key}+staged"


def image_of(key: str) -> str:
    """The image that a key of ours belongs to."""
    return key.partition(".")[0]


def attempt_of(key: str) -> str:
    """The attempt that a key of ours belongs to; what follows a `+` tells apart several objects of one attempt."""
    return key.partition(".")[2].partition("+")[0]


class Trace(Struct, frozen=True):
    """What the sweeper needs to know about an image, deleted ones included."""

    id: str
    status: str
    upload_id: str | None


class Gone(Struct, frozen=True):
    """A deleted image; `size` in bytes."""

    id: str
    name: str | None
    owner: str | None
    size: int | None
    deleted_at: str


class Facts(Struct, frozen=True):
    """What is known of an image's bytes once they have been read: sizes in bytes, hashes in hexadecimal."""

    size: int
    virtual_size: int | None
    checksum: str
    os_hash_value: str
    os_hash_algo: str = HASH


TASK_PENDING, TASK_PROCESSING, TASK_SUCCESS, TASK_FAILURE = "pending", "processing", "success", "failure"
TASK_STATUSES = (TASK_PENDING, TASK_PROCESSING, TASK_SUCCESS, TASK_FAILURE)
UNFINISHED = (TASK_PENDING, TASK_PROCESSING)
TASK_SORTS = ("id", "type", "status", "created_at", "updated_at", "expires_at")
"""What tasks can be sorted by."""

API_IMPORT, IMPORT, ADD_LOCATION = "api_image_import", "import", "location_import"
TASK_TYPES = (IMPORT, API_IMPORT, ADD_LOCATION)


class Task(Struct, frozen=True):
    """Long work on an image, as users see it. `attempt` is the second part of the keys of what it writes."""

    id: str
    type: str
    status: str
    owner: str | None
    user_id: str
    request_id: str
    image_id: str
    attempt: str
    input: dict[str, Any]
    result: dict[str, Any] | None
    message: str
    created_at: str
    updated_at: str
    expires_at: str | None
