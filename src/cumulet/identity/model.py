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


class Group(Struct, frozen=True):
    """A group of users; what it holds, its members hold."""

    id: str
    name: str
    domain_id: str
    description: str
    extra: dict[str, Any]


class Role(Struct, frozen=True):
    """A role. `domain_id` is empty for a global one; one of a domain is never in a token, it only implies others."""

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


class EndpointGroup(Struct, frozen=True):
    """Endpoints by what they have in common: `filters` gives values for service_id, region_id and interface."""

    id: str
    name: str
    description: str
    filters: dict[str, Any]


class PolicyBlob(Struct, frozen=True):
    """A policy document that is kept for others; `blob` is whatever JSON they stored."""

    id: str
    type: str
    blob: Any
    extra: dict[str, Any]


class PolicyAssociation(Struct, frozen=True):
    """For what a policy document is: an endpoint, or a service, in one region or all. What is not named is empty."""

    endpoint_id: str
    service_id: str
    region_id: str
    policy_id: str


class Credential(Struct, frozen=True):
    """Somebody's secret, `blob` being sealed. An EC2 credential's id is the SHA-256 of its access key."""

    id: str
    user_id: str
    project_id: str | None
    type: str
    blob: str
    extra: dict[str, Any]


class Trust(Struct, frozen=True):
    """The trustor lets the trustee act with some of their roles in a project.

    With `impersonation` the trustee's tokens name the trustor as their user. `remaining_uses` None means any number of tokens,
    `expires_at` is in seconds. `redelegation_count` is how often it may be passed on; one that was passed on names the one it
    came from.
    """

    id: str
    trustor_user_id: str
    trustee_user_id: str
    project_id: str | None
    impersonation: bool
    remaining_uses: int | None
    expires_at: float | None
    redelegation_count: int
    redelegated_trust_id: str | None
    role_ids: list[str]
    extra: dict[str, Any]


class ApplicationCredential(Struct, frozen=True):
    """A name and a secret with which a program acts for a user in one project. `expires_at` is in seconds.

    Only an `unrestricted` one may make or remove others, and trusts.
    """

    id: str
    user_id: str
    project_id: str
    name: str
    description: str
    secret_hash: str
    expires_at: float | None
    unrestricted: bool
    role_ids: list[str]
    rule_ids: list[str] | None


class AccessRule(Struct, frozen=True):
    """One kind of request that an application credential may make: a service's type, a method and a pattern of paths."""

    id: str
    user_id: str
    service: str
    method: str
    path: str


class RegisteredLimit(Struct, frozen=True):
    """How much of a resource every project gets, unless a limit says otherwise."""

    id: str
    service_id: str
    region_id: str | None
    resource_name: str
    default_limit: int
    description: str | None


class Limit(Struct, frozen=True):
    """How much of a resource one project or domain gets."""

    id: str
    project_id: str | None
    domain_id: str | None
    service_id: str
    region_id: str | None
    resource_name: str
    resource_limit: int
    description: str | None


class IdentityProvider(Struct, frozen=True):
    """Somebody else who knows users. Those that it sends live in the domain `domain_id`, unless a mapping says otherwise.

    It calls itself by one of `remote_ids`. What groups it gives its users holds for `authorization_ttl` minutes after a log-in, for
    what they delegate; without one only in the tokens of that log-in.
    """

    id: str
    domain_id: str
    enabled: bool
    description: str | None
    remote_ids: list[str]
    authorization_ttl: int | None


class Protocol(Struct, frozen=True):
    """A way to log in by an identity provider. `remote_id_attribute` names what holds the provider's own name for itself."""

    idp_id: str
    id: str
    mapping_id: str
    remote_id_attribute: str | None


class Mapping(Struct, frozen=True):
    """Rules from what an identity provider says of a user to a user, groups and projects here."""

    id: str
    rules: list[Any]
    schema_version: str


class ServiceProvider(Struct, frozen=True):
    """Another cloud that trusts this one's users."""

    id: str
    enabled: bool
    description: str | None
    auth_url: str
    sp_url: str
    relay_state_prefix: str


class FederatedUser(Struct, frozen=True):
    """Which user here is `unique_id` at an identity provider. `is_shadow` is one that a log-in made: it goes when this row goes."""

    idp_id: str
    protocol_id: str
    unique_id: str
    user_id: str
    is_shadow: bool


class Consumer(Struct, frozen=True):
    """A program that users let act for them by OAuth 1.0; `secret` is sealed."""

    id: str
    description: str | None
    secret: str
    extra: dict[str, Any]


class RequestToken(Struct, frozen=True):
    """A consumer asks to act in a project. Once a user has agreed, `user_id`, `verifier` and `role_ids` are there.

    `secret` is sealed, `expires_at` in seconds.
    """

    id: str
    secret: str
    consumer_id: str
    project_id: str
    expires_at: float
    user_id: str | None
    verifier: str | None
    role_ids: list[str]


class AccessToken(Struct, frozen=True):
    """A consumer may act for a user with some of their roles in one project. `secret` is sealed, `expires_at` in seconds."""

    id: str
    secret: str
    consumer_id: str
    user_id: str
    project_id: str
    role_ids: list[str]
    expires_at: float
