"""What clients send of domains, projects, users, groups and policy documents."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from ..fields import Id, Name64, Name255, Options

Tag = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^,/]*$")]
Tags = Annotated[list[Tag], Meta(max_length=80)]


class NewProject(Struct):
    """A new project or domain. `explicit_domain_id` chooses a domain's id."""

    name: Name64
    description: str | None = None
    enabled: bool = True
    domain_id: Id | None = None
    parent_id: Id | None = None
    is_domain: bool = False
    tags: Tags = []
    options: Options = {}
    explicit_domain_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None = None


class ProjectChanges(Struct):
    """What may change in a project or domain."""

    name: Name64 | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    domain_id: Id | UnsetType | None = UNSET
    parent_id: Id | UnsetType | None = UNSET
    is_domain: bool | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    options: Options | UnsetType = UNSET


class TagList(Struct):
    """All tags of a project."""

    tags: Tags


class ElsewhereBy(Struct):
    """A user's id at an identity provider, by one of its protocols."""

    protocol_id: str
    unique_id: str


class Elsewhere(Struct):
    """Who a user is at an identity provider."""

    idp_id: str
    protocols: Annotated[list[ElsewhereBy], Meta(min_length=1)]


class NewUser(Struct):
    """A new user."""

    name: Name255
    password: str | None = None
    description: str | None = None
    enabled: bool = True
    domain_id: Id | None = None
    default_project_id: Id | None = None
    options: Options = {}
    federated: list[Elsewhere] = []


class UserChanges(Struct):
    """What may change in a user."""

    name: Name255 | UnsetType = UNSET
    password: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    domain_id: Id | UnsetType = UNSET
    default_project_id: Id | UnsetType | None = UNSET
    options: Options | UnsetType = UNSET
    federated: list[Elsewhere] = []


class PasswordChange(Struct):
    """A user's own new password."""

    password: str
    original_password: str


class NewGroup(Struct):
    """A new group."""

    name: Name64
    description: str | None = None
    domain_id: Id | None = None


class GroupChanges(Struct):
    """What may change in a group."""

    name: Name64 | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    domain_id: Id | UnsetType = UNSET


class NewPolicy(Struct):
    """A new policy document."""

    blob: Any
    type: Name255


class PolicyChanges(Struct):
    """What may change in a policy document."""

    blob: Any = UNSET
    type: Name255 | UnsetType = UNSET
