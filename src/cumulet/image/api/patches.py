"""Locations in patches of images, the older way to name where data is; only where the operator lets users see locations.

https://docs.openstack.org/api-ref/image/v2/#update-image
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ...kernel.errors import Conflict, Forbidden, Invalid
from ...kernel.http import Request
from ..model import ACTIVE, QUEUED, Image
from ..operations import locations
from . import bodies


class LocationChange(Struct, frozen=True):
    """Name a location (`named`), or take away the one at `position`."""

    named: locations.Named | None = None
    position: int = 0


def location_changes(request: Request) -> list[LocationChange]:
    """What a patch asks of locations. Raises Forbidden where users do not see them, Invalid."""
    found = [found for found in bodies.operations(request) if found.root == bodies.LOCATIONS]
    if found and not request.parts.settings.show_locations:
        raise Forbidden("It's not allowed to update locations if locations are invisible.")
    return [change for operation in found for change in _changes(operation)]


def _changes(operation: bodies.Operation) -> list[LocationChange]:
    position = operation.deeper[0] if len(operation.deeper) == 1 else None
    if operation.op == "replace" and not operation.deeper:
        if not isinstance(operation.value, list) or not operation.value:
            raise Forbidden("Cannot delete every location of an image: delete the image instead.")
        return [LocationChange(_named(value)) for value in operation.value]
    if operation.op == "add" and position is not None and (position == "-" or position.isdigit()):
        return [LocationChange(_named(operation.value))]
    if operation.op == "remove" and position is not None and position.isdigit():
        return [LocationChange(None, int(position))]
    raise Invalid(
        "Invalid JSON pointer for this resource: locations are added at '/locations/-' and removed at '/locations/<number>'."
    )


def _named(value: Any) -> locations.Named:
    if not isinstance(value, dict) or not isinstance(value.get("url"), str) or not isinstance(value.get("metadata", {}), dict):
        raise Invalid("A location is an object with 'url' and 'metadata'.")
    return locations.Named(value["url"], {name: str(text) for name, text in value.get("metadata", {}).items()})


async def apply(request: Request, image: Image, changes: list[LocationChange]) -> None:
    """Do them. Raises Conflict (the image's status), Forbidden (the last location), Invalid."""
    if image.status not in (QUEUED, ACTIVE):
        raise Conflict(f"It's not allowed to change locations if image status is {image.status}.")
    for change in changes:
        if change.named is not None:
            await locations.add(request.tx, request.parts, request.actor, image, change.named)
        else:
            # The sweeper puts the bytes away: no store is asked within a transaction.
            await locations.remove(request.tx, image, request.parts.stores.sorted(image.locations), change.position)
