"""The bodies that placement reads. What upstream writes as JSON schemas are the types and constraints of these fields."""

from __future__ import annotations

import re
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from ...kernel.errors import Invalid
from ...kernel.http import Lives, Request, Version
from ..model import UNLIMITED
from ..operations.allocations import Allocation
from ..operations.inventories import Stock, Stocks
from .queries import speaks

Uuid = Annotated[
    str,
    Meta(pattern=r"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$"),
]
Key = Annotated[str, Meta(pattern="^[a-fA-F0-9-]{36}$")]
ClassName = Annotated[str, Meta(pattern="^[A-Z0-9_]+$")]
CustomName = Annotated[str, Meta(pattern="^CUSTOM_[A-Z0-9_]+$", max_length=255)]
Suffix = Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{0,64}$")]
Providers = Annotated[list[Uuid], Meta(min_length=1)]
Who = Annotated[str, Meta(min_length=1, max_length=255)]
Count = Annotated[int, Meta(ge=1, le=UNLIMITED)]
Amount = Annotated[int, Meta(ge=1)]
Ratio = Annotated[float, Meta(le=3.40282e38)]

RESERVED_TOTAL = Version(1, 26)
GENERATIONS = Version(1, 28)
TYPES = Version(1, 38)


class NewProvider(Struct, forbid_unknown_fields=True):
    """A provider to create."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    uuid: Uuid | None = None
    parent_provider_uuid: Annotated[Uuid | None, Lives("1.14")] = None


class ProviderChanges(Struct, forbid_unknown_fields=True):
    """What to change of a provider."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    parent_provider_uuid: Annotated[Uuid | UnsetType | None, Lives("1.14")] = UNSET


class InventoryRecord(Struct, forbid_unknown_fields=True):
    """What a provider is to have of a class."""

    total: Count
    reserved: Annotated[int, Meta(ge=0, le=UNLIMITED)] = 0
    min_unit: Count = 1
    max_unit: Count = UNLIMITED
    step_size: Count = 1
    allocation_ratio: Ratio = 1.0
    resource_provider_generation: int | None = None


class NewInventory(Struct, forbid_unknown_fields=True):
    """The same, for a class that the provider does not have yet."""

    resource_class: ClassName
    total: Count
    reserved: Annotated[int, Meta(ge=0, le=UNLIMITED)] = 0
    min_unit: Count = 1
    max_unit: Count = UNLIMITED
    step_size: Count = 1
    allocation_ratio: Ratio = 1.0
    resource_provider_generation: int | None = None


class InventoryUpdate(Struct, forbid_unknown_fields=True):
    """The same, for a class that it has."""

    resource_provider_generation: int
    total: Count
    reserved: Annotated[int, Meta(ge=0, le=UNLIMITED)] = 0
    min_unit: Count = 1
    max_unit: Count = UNLIMITED
    step_size: Count = 1
    allocation_ratio: Ratio = 1.0


class Inventories(Struct, forbid_unknown_fields=True):
    """All that a provider is to have."""

    resource_provider_generation: int
    inventories: dict[ClassName, InventoryRecord]


def stock(request: Request, body: Any) -> Stock:
    """What an inventory body asks for. Raises Invalid if nothing could be claimed, which is allowed since 1.26."""
    wanted = Stock(body.total, body.reserved, body.min_unit, body.max_unit, body.step_size, body.allocation_ratio)
    if wanted.capacity() == 0 and not speaks(request, RESERVED_TOTAL):
        raise Invalid(f"Invalid inventory: the reserved value ({body.reserved}) leaves nothing of the total ({body.total}).")
    return wanted


def stocks(request: Request, body: Inventories) -> Stocks:
    """What an inventories body asks for."""
    return {name: stock(request, record) for name, record in body.inventories.items()}


class NewClass(Struct, forbid_unknown_fields=True):
    """A custom resource class."""

    name: CustomName


class ProviderTraits(Struct, forbid_unknown_fields=True):
    """All traits of a provider."""

    traits: list[Who]
    resource_provider_generation: int


class ProviderAggregates(Struct, forbid_unknown_fields=True):
    """All aggregates of a provider."""

    aggregates: list[Uuid]
    resource_provider_generation: int


class ProviderOf(Struct, forbid_unknown_fields=True):
    """A provider, up to 1.11."""

    uuid: Uuid


class ListedShare(Struct, forbid_unknown_fields=True):
    """What a consumer is to hold of one provider, up to 1.11."""

    resource_provider: ProviderOf
    resources: Annotated[dict[ClassName, Amount], Meta(min_length=1)]


class ListedAllocations(Struct, forbid_unknown_fields=True):
    """What a consumer is to hold, up to 1.11."""

    allocations: Annotated[list[ListedShare], Meta(min_length=1)]
    project_id: Annotated[Who | None, Lives("1.8")] = None
    user_id: Annotated[Who | None, Lives("1.8")] = None


class Share(Struct, forbid_unknown_fields=True):
    """What a consumer is to hold of one provider. `generation` is accepted and not looked at."""

    resources: Annotated[dict[ClassName, Amount], Meta(min_length=1)]
    generation: int | None = None


class Allocations(Struct, forbid_unknown_fields=True):
    """What a consumer is to hold. `mappings` is accepted and not looked at."""

    allocations: dict[Key, Share]
    project_id: Who
    user_id: Who
    consumer_generation: Annotated[int | UnsetType | None, Lives("1.28")] = UNSET
    mappings: Annotated[Annotated[dict[Suffix, Providers], Meta(min_length=1)] | UnsetType, Lives("1.34")] = UNSET
    consumer_type: Annotated[Annotated[str, Meta(pattern="^[A-Z0-9_]+$", max_length=255)] | None, Lives("1.38")] = None


Consumers = dict[Key, Allocations]


class Reshape(Struct, forbid_unknown_fields=True):
    """Inventories by provider, and what the consumers that are affected hold afterwards."""

    inventories: Annotated[dict[Key, Inventories], Meta(min_length=1)]
    allocations: Consumers


INCOMPLETE = "00000000-0000-0000-0000-000000000000"
"""Project and user of a consumer that was made before 1.8 knew of them; upstream's default."""


def listed_allocation(request: Request, consumer_id: str, body: ListedAllocations) -> Allocation:
    """What a body up to 1.11 asks for. Raises Invalid without project and user, which are required since 1.8."""
    if speaks(request, Version(1, 8)):
        _require(body, "project_id", "user_id")
    resources = {share.resource_provider.uuid: share.resources for share in body.allocations}
    return Allocation(consumer_id, body.project_id or INCOMPLETE, body.user_id or INCOMPLETE, resources)


def allocation(request: Request, consumer_id: str, body: Allocations) -> Allocation:
    """What a body asks for. Raises Invalid without the generation (since 1.28) or the type (since 1.38)."""
    if speaks(request, GENERATIONS):
        _require(body, "consumer_generation", missing=UNSET)
    if speaks(request, TYPES):
        _require(body, "consumer_type")
    resources = {provider_id: share.resources for provider_id, share in body.allocations.items()}
    who = (consumer_id, body.project_id, body.user_id)
    return Allocation(*who, resources, body.consumer_generation, body.consumer_type)


def _require(body: Any, *names: str, missing: Any = None) -> None:
    for name in names:
        if getattr(body, name) is missing:
            raise Invalid(f"'{name}' is a required property.")


def is_custom(name: str) -> bool:
    """Whether a resource class or trait may be made with this name."""
    return len(name) <= 255 and re.fullmatch(r"CUSTOM_[A-Z0-9_]+", name) is not None
