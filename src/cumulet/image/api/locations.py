"""Where images' data is, for other services; and data that stays on a web server.

https://docs.openstack.org/api-ref/image/v2/#image-locations
"""

from __future__ import annotations

import re
from typing import Any

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, accepted, ok
from ..operations import locations
from . import views
from .access import permitted


async def index(request: Request, image_id: str) -> Response:
    """Where the bytes are: an image that is not active has no location."""
    image = await permitted(request, request.tx, image_id, "fetch_image_location")
    return ok(views.locations(request.parts.stores, image) if image.status == "active" else [])


async def add(request: Request, image_id: str, body: dict[str, Any]) -> Response:
    """Name a location of a queued image's data. It is read before the image is active."""
    image = await permitted(request, request.tx, image_id, "add_image_location")
    await locations.add(request.tx, request.parts, request.actor, image, _named(body))
    return accepted(views.image(image, request.parts.stores))


def _named(body: dict[str, Any]) -> locations.Named:
    """A location as clients name it. Raises Invalid."""
    url, said = body.get("url"), body.get("validation_data") or {}
    if not isinstance(url, str):
        raise Invalid("'url' is a required property.")
    if not isinstance(said, dict) or not set(said) <= {"checksum", "os_hash_algo", "os_hash_value"}:
        raise Invalid("'validation_data' is an object with os_hash_algo and os_hash_value.")
    if not said:
        return locations.Named(url)
    algorithm, value = said.get("os_hash_algo"), said.get("os_hash_value")
    if algorithm not in locations.HASHES:
        raise Invalid(f"os_hash_algo must be one of {', '.join(locations.HASHES)}, not {algorithm!r}.")
    digits = locations.HASHES[algorithm]
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
        raise Invalid(f"os_hash_value is not a hexadecimal value of {digits} digits, as {algorithm} has.")
    return locations.Named(url, digest=(algorithm, value))
