"""What clients send of the catalog."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from ..fields import Id, Name255


class NewRegion(Struct):
    """A new region; its id may be chosen."""

    id: Annotated[str, Meta(max_length=255)] | None = None
    description: str | None = None
    parent_region_id: str | None = None


class RegionChanges(Struct):
    """What may change in a region."""

    description: str | UnsetType | None = UNSET
    parent_region_id: str | UnsetType | None = UNSET


class NewService(Struct):
    """A new service."""

    type: Name255
    name: Annotated[str, Meta(max_length=255)] = ""
    description: str | None = None
    enabled: bool = True


class ServiceChanges(Struct):
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
    region: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class NewEndpointGroup(Struct):
    """A new group of endpoints."""

    name: Name255
    filters: dict[str, Any]
    description: str | None = None


class EndpointGroupChanges(Struct):
    """What may change in a group of endpoints."""

    name: Name255 | UnsetType = UNSET
    filters: dict[str, Any] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
