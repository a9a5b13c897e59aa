"""Images' values."""

from __future__ import annotations

from msgspec import Struct

QUEUED, SAVING, ACTIVE, DEACTIVATED, DELETED = "queued", "saving", "active", "deactivated", "deleted"
STATUSES = (QUEUED, SAVING, ACTIVE, "killed", DELETED, "uploading", "importing", "pending_delete", DEACTIVATED)
"""Every status clients know; only the first three and the last two ever occur here."""

PUBLIC, COMMUNITY, SHARED, PRIVATE = "public", "community", "shared", "private"
VISIBILITIES = (COMMUNITY, PUBLIC, PRIVATE, SHARED)

PENDING, ACCEPTED, REJECTED = "pending", "accepted", "rejected"
MEMBER_STATUSES = (PENDING, ACCEPTED, REJECTED)

DISK_FORMATS = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")
CONTAINER_FORMATS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
PLAIN_CONTAINERS = ("ami", "ari", "aki", "bare")
"""Containers which are just the disk: its format can be inspected, and a server can start from it."""

HASH = "sha512"


SORTS = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
"""What images can be sorted by."""

PROPERTY_SEPARATOR = "\x1f"
"""Between name and value where a custom property to look for is one text."""


class Image(Struct, frozen=True):
    """An image. Sizes are in bytes, `min_disk` in GiB, `min_ram` in MiB; instants are stamps.

    `bytes_key` names the bytes in the byte store once there are any. `revision` grows with each change of the record that is not
    one of status: two changes made from the same revision cannot both happen.
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
    bytes_key: str | None = None
    revision: int = 0
    tags: tuple[str, ...] = ()
    properties: dict[str, str] = {}


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
    """One upload into an image: the only one that may make the image active, or give it back to `queued`."""

    image_id: str
    upload_id: str

    @property
    def key(self) -> str:
        """The name of its bytes in the byte store."""
        return f"{self.image_id}.{self.upload_id}"


class Trace(Struct, frozen=True):
    """What the sweeper needs to know about an image, deleted ones included."""

    id: str
    status: str
    upload_id: str | None
    bytes_key: str | None

    def owns(self, key: str) -> bool:
        """Whether the bytes under `key` are this image's: live ones, or those of its running upload."""
        if self.status == DELETED:
            return False
        return key == self.bytes_key or (self.status == SAVING and key == f"{self.id}.{self.upload_id}")
