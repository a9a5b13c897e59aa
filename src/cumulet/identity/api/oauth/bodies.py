"""What clients send of consumers, and to let them act."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from ..delegation.bodies import RoleName


class Consumer(Struct):
    """A new consumer."""

    description: str | None = None


class ConsumerChanges(Struct):
    """What may change in a consumer."""

    description: str | UnsetType | None = UNSET


class Authorization(Struct):
    """The roles that a consumer may act with."""

    roles: Annotated[list[RoleName], Meta(min_length=1)]
