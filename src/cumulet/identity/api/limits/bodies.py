"""What clients send of limits."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from ..fields import Id, Name255

Number = Annotated[int, Meta(ge=-1, le=0x7FFFFFFF)]
"""-1 is without limit."""


class NewRegistered(Struct, forbid_unknown_fields=True):
    """What every project gets."""

    service_id: Id
    resource_name: Name255
    default_limit: Number
    region_id: str | None = None
    description: str | None = None


class NewRegisteredList(Struct):
    """Several at once."""

    registered_limits: Annotated[list[NewRegistered], Meta(min_length=1)]


class RegisteredChanges(Struct, forbid_unknown_fields=True):
    """What may change."""

    service_id: Id | UnsetType = UNSET
    resource_name: Name255 | UnsetType = UNSET
    default_limit: Number | UnsetType = UNSET
    region_id: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET


class NewLimit(Struct, forbid_unknown_fields=True):
    """What one project or domain gets."""

    service_id: Id
    resource_name: Name255
    resource_limit: Number
    project_id: Id | None = None
    domain_id: Id | None = None
    region_id: str | None = None
    description: str | None = None


class NewLimitList(Struct):
    """Several at once."""

    limits: Annotated[list[NewLimit], Meta(min_length=1)]


class LimitChanges(Struct, forbid_unknown_fields=True):
    """What may change."""

    resource_limit: Number | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
