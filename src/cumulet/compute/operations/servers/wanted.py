"""What a user asks for when creating servers, as values that know nothing of the wire."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from ....network.operations.ports import Wish
from ...rules.disks import Asked


class Place(Struct, frozen=True):
    """Where a new server should go. `forced` names a host that is taken without choosing (C3); `host` one that must suit."""

    zone: str | None = None
    forced: str | None = None
    host: str | None = None


class NewServers(Struct, frozen=True, kw_only=True):
    """`least` to `most` servers.

    `networks` "auto" is the project's only network, "none" is none. `user_data` is base64. `zero_disk` allows a flavor without a
    disk size to boot from an image.
    """

    name: str
    flavor_id: str
    image_id: str | None
    networks: list[Wish] | Literal["auto", "none"]
    disks: list[Asked]
    security_groups: list[str]
    place: Place
    least: int
    most: int
    key_name: str | None = None
    user_data: str | None = None
    config_drive: bool = False
    metadata: dict[str, str] = {}
    personality: list[dict[str, str]] = []
    description: str | None = None
    hostname: str | None = None
    tags: list[str] = []
    hints: dict[str, Any] = {}
    access_ipv4: str | None = None
    access_ipv6: str | None = None
    disk_config: str | None = None
    admin_password: str | None = None
    trusted_certs: list[str] | None = None
    zero_disk: bool = False
