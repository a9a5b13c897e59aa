"""What this service can do. https://docs.openstack.org/api-ref/image/v2/#image-service-info-discovery

The service has one store and offers no import methods, and says so.
"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, ok
from ..operations import quotas
from . import views


async def import_methods(request: Request) -> Response:
    """The import methods: none."""
    return ok({"import-methods": {"description": "Import methods available.", "type": "array", "value": []}})


def _store() -> dict[str, Any]:
    return {"id": views.STORE, "description": "Files on the control plane's disk", "default": "true"}


async def stores(request: Request) -> Response:
    """The stores: one."""
    return ok({"stores": [_store()]})


async def stores_in_detail(request: Request) -> Response:
    """The stores as administrators see them."""
    properties = {"data_dir": str(request.parts.store.root), "thin_provisioning": False}
    return ok({"stores": [{**_store(), "type": "file", "weight": 0, "properties": properties}]})


async def usage(request: Request) -> Response:
    """The caller's project's usage against its limits, as far as any are registered."""
    return ok({"usage": await quotas.shown(request.tx, request.actor.project_id or "")})
