"""Other regions' image services, from which images can be imported."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ...kernel import ids
from ...kernel.db import Reader
from ...kernel.errors import Invalid
from ..parts import Parts
from .imports import Import


async def located(tx: Reader, parts: Parts, wanted: Import, method: dict[str, Any], token: str) -> Import:
    """The import, with the address of the image `glance_image_id` in `glance_region`, where the token is shown. Raises Invalid.

    A region without an image service is found out by the import, as one whose image service is down: the address is empty.
    """
    for name in ("glance_region", "glance_image_id"):
        if not isinstance(method.get(name), str):
            raise Invalid(f"'{name}' needs to be set for glance-download import method")
    image_id, region = method["glance_image_id"], method["glance_region"]
    interface = method.get("glance_service_interface", "public")
    if not ids.is_uuid(image_id):
        raise Invalid(f"Remote image id does not look like a UUID: {image_id}")
    root = await _endpoint(tx, parts, region, interface)
    url = f"{root.rstrip('/').removesuffix('/v2')}/v2/images/{image_id}/file" if root else ""
    return replace(wanted, url=url, token=token)


async def _endpoint(tx: Reader, parts: Parts, region: str, interface: str) -> str | None:
    services = await parts.catalog.of(tx, None) if parts.catalog is not None else []
    endpoints = [endpoint for service in services if service["type"] == "image" for endpoint in service["endpoints"]]
    found = [e["url"] for e in endpoints if e["region_id"] == region and e["interface"] == interface]
    return found[0] if found else None
