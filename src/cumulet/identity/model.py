"""Identity's values."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

DEFAULT_DOMAIN = "default"


class Project(Struct, frozen=True):
    """A project, or a domain if `is_domain`; a domain's own `domain_id` is empty."""

    id: str
    name: str
    domain_id: str
    parent_id: str | None
    is_domain: bool
    enabled: bool
    description: str
    tags: list[str]
    options: dict[str, Any]
    extra: dict[str, Any]


class User(Struct, frozen=True):
    """A user. `valid_from` is in seconds: tokens issued before it are void. `password_expires_at` is a stamp."""

    id: str
    name: str
    domain_id: str
    enabled: bool
    default_project_id: str | None
    description: str
    password_hash: str | None
    password_expires_at: str | None
    valid_from: float
    options: dict[str, Any]
    extra: dict[str, Any]


class Role(Struct, frozen=True):
    """A role. `domain_id` is empty for a global one."""

    id: str
    name: str
    domain_id: str
    description: str
    options: dict[str, Any]
    extra: dict[str, Any]


class Assignment(Struct, frozen=True):
    """A role held. `target_kind` is project, domain or system (whose id is `all`); `holder_kind` user or group."""

    holder_kind: str
    holder_id: str
    target_kind: str
    target_id: str
    role_id: str
    inherited: bool


class Region(Struct, frozen=True):
    """A part of a deployment."""

    id: str
    description: str
    parent_region_id: str | None
    extra: dict[str, Any]


class CatalogService(Struct, frozen=True):
    """A service in the catalog."""

    id: str
    type: str
    name: str
    description: str
    enabled: bool
    extra: dict[str, Any]


class Endpoint(Struct, frozen=True):
    """Where a service is reached. `url` may hold `$(project_id)s`."""

    id: str
    service_id: str
    region_id: str | None
    interface: str
    url: str
    enabled: bool
    extra: dict[str, Any]


class Scope(Struct, frozen=True):
    """What a token is good for; `kind` is project, domain, system or unscoped."""

    kind: str = "unscoped"
    id: str = ""
