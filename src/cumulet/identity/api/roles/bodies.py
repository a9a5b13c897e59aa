"""What clients send of roles."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from ..fields import Id, Name255, Options


class NewRole(Struct):
    """A new role."""

    name: Name255
    description: str | None = None
    domain_id: Id | None = None
    options: Options = {}


class RoleChanges(Struct):
    """What may change in a role."""

    name: Name255 | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    domain_id: Id | UnsetType | None = UNSET
    options: Options | UnsetType = UNSET
