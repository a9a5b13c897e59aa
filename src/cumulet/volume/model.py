"""Volume's values."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

DEFAULT_TYPE_NAME = "__DEFAULT__"
DEFAULT_TYPE_ID = "5f0e7c1e-3d2b-4b58-9c5c-0d5b7f3a9d11"


class Volume(Struct, frozen=True):
    """A volume. `size_gb` in GiB; `path` is on the host; `image_metadata` describes the image it was made from."""

    id: str
    project_id: str
    user_id: str
    name: str | None
    description: str | None
    size_gb: int
    status: str
    zone: str
    bootable: bool
    readonly: bool
    image_id: str | None
    image_metadata: dict[str, Any] | None
    metadata: dict[str, str]
    host_id: str | None
    path: str | None
    format: str | None
    fault: str | None
    created_at: str
    updated_at: str | None


class Attachment(Struct, frozen=True):
    """A server's hold on a volume. `generation` grows with each attachment of the volume."""

    id: str
    volume_id: str
    server_id: str
    project_id: str
    status: str  # reserved | attaching | attached | detaching
    mode: str
    generation: int
    device: str | None
    host_id: str | None
    attached_at: str | None


class NewVolume(Struct, frozen=True):
    """What is asked for. With `image_id` the volume gets the image's content; `host_id` demands a host."""

    size_gb: int
    name: str | None = None
    description: str | None = None
    image_id: str | None = None
    metadata: dict[str, str] = {}
    zone: str = "nova"
    host_id: str | None = None
    volume_type: str | None = None


class Quota(Struct, frozen=True):
    """A project's limits; -1 is none."""

    volumes: int = 10
    gigabytes: int = 1000
    per_volume_gigabytes: int = -1


class Usage(Struct, frozen=True):
    """What a project uses."""

    volumes: int
    gigabytes: int
