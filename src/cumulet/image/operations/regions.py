"""Other regions' image services, from which images can be imported."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ...kernel import ids
from ...kernel.db import Reader
from ...kernel.errors import Invalid
from ..parts import Parts
from .imports import Import

INTERFACES = ("public", "internal", "admin")


async def located(tx: Reader, parts: Parts, wanted: Import, method: dict[str, Any], token: str) -> Import:
    """The import, with the address of the image `glance_image_id` in `glance_region`, where the token is shown. Raises Invalid."""
    for name in ("glance_region", "glance_image_id"):
        if not isinstance(method.get(name), str):
            raise Invalid(f"'{name}' needs to be set for glance-download import method")
    image_id, region = method["glance_image_id"], method["glance_region"]
    interface = method.get("glance_service_interface", "public")
    if not ids.is_uuid(image_id):
        raise Invalid(f"Remote image id does not look like a UUID: {image_id}")
    if interface not in INTERFACES:
        raise Invalid(f"Invalid value for 'glance_service_interface': {interface!r} is not one of {', '.join(INTERFACES)}.")
    root = await _endpoint(tx, parts, region, interface)
    if root is None:
        raise Invalid(f"Region {region!r} has no image service with interface {interface!r}.")
    return replace(wanted, url=f"{root.rstrip('/').removesuffix('/v2')}/v2/images/{image_id}/file", token=token)


async def _endpoint(tx: Reader, parts: Parts, region: str, interface: str) -> str | None:
    services = await parts.catalog.of(tx, None) if parts.catalog is not None else []
    endpoints = [endpoint for service in services if service["type"] == "image" for endpoint in service["endpoints"]]
    found = [e["url"] for e in endpoints if e["region_id"] == region and e["interface"] == interface]
    return found[0] if found else None
