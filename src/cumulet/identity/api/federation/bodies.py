"""What clients send of identity providers, protocols, mappings and service providers."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from ..fields import Id

RemoteId = Annotated[str, Meta(max_length=64)]
Minutes = Annotated[int, Meta(ge=0)]
Url = Annotated[str, Meta(max_length=225, pattern=r"^[a-zA-Z0-9+.-]+:.+")]


class NewIdentityProvider(Struct, forbid_unknown_fields=True):
    """A new identity provider; it is disabled unless it says otherwise."""

    enabled: bool = False
    description: str | None = None
    authorization_ttl: Minutes | None = None
    remote_ids: list[RemoteId] | None = None
    domain_id: Id | None = None


class IdentityProviderChanges(Struct, forbid_unknown_fields=True):
    """What may change in an identity provider."""

    enabled: bool | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    authorization_ttl: Minutes | UnsetType | None = UNSET
    remote_ids: list[RemoteId] | UnsetType | None = UNSET


class NewProtocol(Struct, forbid_unknown_fields=True):
    """A new protocol."""

    mapping_id: Id
    remote_id_attribute: RemoteId | None = None


class ProtocolChanges(Struct, forbid_unknown_fields=True):
    """What may change in a protocol."""

    mapping_id: Id
    remote_id_attribute: RemoteId | UnsetType = UNSET


class NewMapping(Struct):
    """A mapping; changing one sends all of it too."""

    rules: list[Any]
    schema_version: str | None = None


class NewServiceProvider(Struct, forbid_unknown_fields=True):
    """A new service provider; it is disabled unless it says otherwise."""

    auth_url: Url
    sp_url: Url
    enabled: bool = False
    description: str | None = None
    relay_state_prefix: str | None = None


class ServiceProviderChanges(Struct, forbid_unknown_fields=True):
    """What may change in a service provider."""

    auth_url: Url | UnsetType = UNSET
    sp_url: Url | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    relay_state_prefix: str | UnsetType | None = UNSET
