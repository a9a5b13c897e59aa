"""What clients send. Keystone lets clients store fields of their own in most resources: `fields` keeps them as `extra`."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ...kernel.errors import Invalid
from ...kernel.http import Request

Name64 = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\S")]
Name255 = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Tag = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^,/]*$")]
Options = dict[str, Any]


class NewProject(Struct):
    """A new project or domain."""

    name: Name64
    description: str | None = None
    enabled: bool = True
    domain_id: Id | None = None
    parent_id: Id | None = None
    is_domain: bool = False
    tags: Annotated[list[Tag], Meta(max_length=80)] = []
    options: Options = {}


class ProjectChanges(Struct):
    """What may change in a project or domain."""

    name: Name64 | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    domain_id: Id | UnsetType | None = UNSET
    parent_id: Id | UnsetType | None = UNSET
    is_domain: bool | UnsetType = UNSET
    tags: Annotated[list[Tag], Meta(max_length=80)] | UnsetType = UNSET
    options: Options | UnsetType = UNSET


class TagList(Struct):
    """All tags of a project."""

    tags: Annotated[list[Tag], Meta(max_length=80)]


class NewUser(Struct):
    """A new user."""

    name: Name255
    password: str | None = None
    description: str | None = None
    enabled: bool = True
    domain_id: Id | None = None
    default_project_id: Id | None = None
    options: Options = {}


class UserChanges(Struct):
    """What may change in a user."""

    name: Name255 | UnsetType = UNSET
    password: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    domain_id: Id | UnsetType = UNSET
    default_project_id: Id | UnsetType | None = UNSET
    options: Options | UnsetType = UNSET


class PasswordChange(Struct):
    """A user's own new password."""

    password: str
    original_password: str


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
    options: Options | UnsetType = UNSET


class NewRegion(Struct):
    """A new region; its id may be chosen."""

    id: Annotated[str, Meta(max_length=255)] | None = None
    description: str | None = None
    parent_region_id: str | None = None


class RegionChanges(Struct):
    """What may change in a region."""

    description: str | UnsetType | None = UNSET
    parent_region_id: str | UnsetType | None = UNSET


class NewCatalogService(Struct):
    """A new service."""

    type: Name255
    name: Annotated[str, Meta(max_length=255)] = ""
    description: str | None = None
    enabled: bool = True


class CatalogServiceChanges(Struct):
    """What may change in a service."""

    type: Name255 | UnsetType = UNSET
    name: Annotated[str, Meta(max_length=255)] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


Interface = Annotated[str, Meta(pattern="^(public|internal|admin)$")]
Url = Annotated[str, Meta(min_length=1, max_length=8192, pattern=r"^[a-zA-Z0-9+.-]+:.+")]


class NewEndpoint(Struct):
    """A new endpoint; `region` is the old name of `region_id`."""

    service_id: Id
    interface: Interface
    url: Url
    region_id: str | None = None
    region: str | None = None
    enabled: bool = True


class EndpointChanges(Struct):
    """What may change in an endpoint."""

    service_id: Id | UnsetType = UNSET
    interface: Interface | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    region_id: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class DomainName(Struct):
    """A domain, by id or name."""

    id: str | None = None
    name: str | None = None


class ProjectScope(Struct):
    """A project, by id or by name in a domain."""

    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class SystemScope(Struct):
    """The whole system."""

    all: bool = True


class ScopeBody(Struct):
    """Exactly one of them."""

    project: ProjectScope | None = None
    domain: DomainName | None = None
    system: SystemScope | None = None


class PasswordUser(Struct):
    """A user with a password."""

    password: str
    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class PasswordMethod(Struct):
    """Who, by password."""

    user: PasswordUser


class TokenMethod(Struct):
    """Who, by an earlier token."""

    id: str


class IdentityBody(Struct):
    """How a client proves who it is."""

    methods: Annotated[list[str], Meta(min_length=1)]
    password: PasswordMethod | None = None
    token: TokenMethod | None = None


class Auth(Struct):
    """A request for a token. A scope of `unscoped` is understood as Keystone does: an empty object or that word."""

    identity: IdentityBody
    scope: ScopeBody | str | None = field(default=None)


def fields(request: Request, wrap: str, body: Struct) -> dict[str, Any]:
    """The declared fields that were given, and all others under `extra`; None descriptions become empty texts."""
    given = {name: getattr(body, name) for name in body.__struct_fields__ if getattr(body, name) is not UNSET}
    if "description" in given:
        given["description"] = given["description"] or ""
    sent = request.json()[wrap]
    if sent.get("id") is not None and "id" not in given and request.method == "PATCH" and sent["id"] not in request.params.values():
        raise Invalid("Invalid input for field/attribute id. It cannot be changed.")
    given["extra"] = {k: v for k, v in sent.items() if k not in body.__struct_fields__ and k not in ("id", "links")}
    return given


def changes(request: Request, wrap: str, body: Struct, extra: dict[str, Any]) -> dict[str, Any]:
    """`fields`, over the extra fields which the resource has already."""
    found = fields(request, wrap, body)
    found["extra"] = {**extra, **found["extra"]}
    return found
