"""The stores, and what can be imported into them. https://docs.openstack.org/api-ref/image/v2/#discovery"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, no_content, ok
from ..bytestores import ByteStore
from ..operations import placing
from .access import permitted


def _store(store: ByteStore, default: ByteStore) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": store.name, "description": store.description, "weight": store.weight}
    if store is default:
        shown["default"] = "true"
    return shown | ({"read-only": "true"} if store.store.read_only else {})


async def index(request: Request) -> Response:
    """The stores."""
    stores = request.parts.stores
    return ok({"stores": [_store(store, stores.default) for store in stores.known.values()]})


async def detail(request: Request) -> Response:
    """The stores as administrators see them: of what kind they are, and how they are."""
    return ok({"stores": [await _detailed(request, store) for store in request.parts.stores.known.values()]})


async def _detailed(request: Request, store: ByteStore) -> dict[str, Any]:
    shown = _store(store, request.parts.stores.default)
    health = await store.health()
    shown |= {"type": store.store.kind, "properties": store.store.properties()}
    return shown | {"healthy": health.problem is None, "problem": health.problem, "free": health.free, "total": health.total}


async def import_methods(request: Request) -> Response:
    """The import methods."""
    methods = {"description": "Import methods available.", "type": "array", "value": request.parts.settings.imports.methods}
    return ok({"import-methods": methods})


async def delete_copy(request: Request, store: str, image_id: str) -> Response:
    """Delete an image's data from one of several stores."""
    async with request.parts.db.tx() as tx:
        image = await permitted(request, tx, image_id, "delete_image_location")
        locations = await placing.remove_from(tx, request.parts.stores, image, store)
    await placing.put_away(request.parts, locations)
    return no_content()
