"""Volume's values."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..contract.guests import ImageSource

DEFAULT_TYPE_NAME = "__DEFAULT__"
DEFAULT_TYPE_ID = "5f0e7c1e-3d2b-4b58-9c5c-0d5b7f3a9d11"
DEFAULT_ZONE = "nova"
BACKEND = "files"
"""The name of the only kind of storage: files on hosts."""


class Volume(Struct, frozen=True):
    """A volume. `size_gb` in GiB, `growing_to` while it is extended; `path` is on the host; `zone` is "" until one is chosen.

    `image_metadata` describes the image it was made from; `snapshot_id` and `source_id` say of what it is a copy.
    `readonly` is None as long as nobody has said anything.
    """

    id: str
    project_id: str
    user_id: str
    name: str | None
    description: str | None
    size_gb: int
    growing_to: int | None
    status: str
    zone: str
    bootable: bool
    readonly: bool | None
    type_id: str
    image_id: str | None
    snapshot_id: str | None
    source_id: str | None
    image_metadata: dict[str, Any] | None
    metadata: dict[str, str]
    host_id: str | None
    path: str | None
    format: str | None
    fault: str | None
    created_at: str
    updated_at: str | None


class Attachment(Struct, frozen=True):
    """A server's hold on a volume. `generation` grows with each attachment of the volume.

    One that is `outside` was made through the attachments API or `os-attach`: compute knows nothing of it, no guest of ours has it.
    `connector` is what its maker said about the machine that is to use the volume.
    """

    id: str
    volume_id: str
    server_id: str | None
    project_id: str
    status: str  # reserved | attaching | attached | detaching
    mode: str  # rw | ro
    generation: int
    device: str | None
    host_id: str | None
    outside: bool
    connector: dict[str, Any] | None
    created_at: str
    attached_at: str | None


class NewVolume(Struct, frozen=True):
    """What is asked for. `host_id` demands a host; without a zone any will do.

    The content comes from at most one of image, snapshot and other volume; blank without.
    """

    size_gb: int | None
    name: str | None = None
    description: str | None = None
    image_id: str | None = None
    metadata: dict[str, str] = {}
    zone: str | None = None
    host_id: str | None = None
    volume_type: str | None = None
    snapshot_id: str | None = None
    source_id: str | None = None


class Content(Struct, frozen=True):
    """What a new volume holds: an image, or a copy of a snapshot's or another volume's file. Nothing if all are None."""

    image: ImageSource | None = None
    snapshot_id: str | None = None
    source_id: str | None = None


class VolumeType(Struct, frozen=True):
    """A kind of volume. `extra_specs` say what a host must offer (`rules.types`). Not all are for every project."""

    id: str
    name: str
    description: str | None
    is_public: bool
    extra_specs: dict[str, str]
    created_at: str
    updated_at: str | None


class Snapshot(Struct, frozen=True):
    """A volume's content as it was: a file of its own beside the volume's. `size_gb` is the volume's size then."""

    id: str
    project_id: str
    user_id: str
    volume_id: str
    name: str | None
    description: str | None
    size_gb: int
    status: str  # creating | available | error | deleting | error_deleting
    metadata: dict[str, str]
    host_id: str
    fault: str | None
    created_at: str
    updated_at: str | None


class Quota(Struct, frozen=True):
    """A project's limits; -1 is none. Backups and groups have limits because clients set them; there are none of either."""

    volumes: int = 10
    snapshots: int = 10
    gigabytes: int = 1000
    backups: int = 10
    backup_gigabytes: int = 1000
    per_volume_gigabytes: int = -1
    groups: int = 10


class Usage(Struct, frozen=True):
    """What a project uses. `gigabytes` are those of volumes and snapshots."""

    volumes: int
    snapshots: int
    gigabytes: int


class HostSettings(Struct, frozen=True):
    """What an operator said about a host as a place for volumes. Nothing new is made on one that is disabled or frozen."""

    host_id: str
    enabled: bool = True
    disabled_reason: str | None = None
    frozen: bool = False
