"""What clients send of trusts, application credentials and credentials."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ..fields import Id, Name255


class RoleName(Struct):
    """A role, by id or by name."""

    id: Id | None = None
    name: Name255 | None = None


class NewTrust(Struct):
    """A new trust."""

    trustor_user_id: Id
    trustee_user_id: Id
    impersonation: bool
    project_id: Id | None = None
    roles: list[RoleName] = []
    expires_at: str | None = None
    remaining_uses: Annotated[int, Meta(ge=1)] | None = None
    allow_redelegation: bool | None = None
    redelegation_count: Annotated[int, Meta(ge=0)] | None = None


class AccessRule(Struct, forbid_unknown_fields=True):
    """A rule, by id or by what it says."""

    id: Id | None = None
    path: Annotated[str, Meta(max_length=225, pattern="^/")] | None = None
    method: Literal["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"] | None = None
    service: Name255 | None = None


class NewApplicationCredential(Struct, forbid_unknown_fields=True):
    """A new application credential. Clients send some of the read-only fields too."""

    name: Name255
    id: str | None = None
    secret: str | None = None
    description: str | None = None
    expires_at: str | None = None
    project_id: str | None = None
    system: str | None = None
    unrestricted: bool | None = None
    roles: list[RoleName] = []
    access_rules: list[AccessRule] | None = None


class NewCredential(Struct):
    """A new credential."""

    blob: str
    type: Annotated[str, Meta(min_length=1, max_length=255)]
    user_id: Id | None = None
    project_id: Id | None = None


class CredentialChanges(Struct):
    """What clients send of a credential to change it."""

    blob: str | UnsetType = UNSET
    type: Annotated[str, Meta(min_length=1, max_length=255)] | UnsetType = UNSET
    user_id: Id | UnsetType = UNSET
    project_id: Id | UnsetType | None = UNSET


class NewKeys(Struct):
    """New EC2 keys for a project, by its old name."""

    tenant_id: Id
