"""Inventories. https://docs.openstack.org/api-ref/placement/#resource-provider-inventories"""

from __future__ import annotations

from typing import Any

from ...kernel.errors import MethodNotAllowed, NotFound
from ...kernel.http import Request, Response, no_content
from ..model import Inventory
from ..operations import inventories, providers
from . import bodies
from .answers import dated, located, newest, shown, written
from .providers import path


def view(inventory: Inventory) -> dict[str, Any]:
    """An inventory on the wire."""
    names = ("total", "reserved", "min_unit", "max_unit", "step_size", "allocation_ratio")
    return {name: getattr(inventory, name) for name in names}


async def create(request: Request, provider_id: str, body: bodies.NewInventory) -> Response:
    """Set a class that the provider does not have yet."""
    await providers.get(request.tx, provider_id)
    wanted = bodies.stock(request, body)
    made, generation = await inventories.add(request.tx, provider_id, body.resource_class, wanted)
    at = path(request, provider_id, "inventories", body.resource_class)
    headers = located(request, at, dated(request, made.updated_at))
    return Response(201, {**view(made), "resource_provider_generation": generation}, headers)


async def index(request: Request, provider_id: str) -> Response:
    """List what a provider has."""
    provider = await providers.get(request.tx, provider_id)
    found = await inventories.of_provider(request.tx, provider_id)
    listed = {name: view(inventory) for name, inventory in found.items()}
    answer = {"resource_provider_generation": provider.generation, "inventories": listed}
    return shown(request, answer, newest(inventory.updated_at for inventory in found.values()))


async def show(request: Request, provider_id: str, resource_class: str) -> Response:
    """Show one class of what a provider has."""
    provider = await providers.get(request.tx, provider_id)
    found = (await inventories.of_provider(request.tx, provider_id)).get(resource_class)
    if found is None:
        raise NotFound(f"No inventory of class {resource_class} for {provider_id}")
    return shown(request, {**view(found), "resource_provider_generation": provider.generation}, found.updated_at)


async def replace(request: Request, provider_id: str, body: bodies.Inventories) -> Response:
    """Set all that a provider has."""
    await providers.get(request.tx, provider_id)
    wanted = bodies.stocks(request, body)
    generation = await inventories.replace(request.tx, provider_id, wanted, body.resource_provider_generation)
    found = await inventories.of_provider(request.tx, provider_id)
    listed = {name: view(inventory) for name, inventory in found.items()}
    answer = {"resource_provider_generation": generation, "inventories": listed}
    return written(request, answer, newest(inventory.updated_at for inventory in found.values()))


async def update(request: Request, provider_id: str, resource_class: str, body: bodies.InventoryUpdate) -> Response:
    """Change one class of what a provider has."""
    await providers.get(request.tx, provider_id)
    wanted = bodies.stock(request, body)
    stored = (request.tx, provider_id, resource_class, wanted, body.resource_provider_generation)
    changed, generation = await inventories.update(*stored)
    return written(request, {**view(changed), "resource_provider_generation": generation}, changed.updated_at)


async def clear(request: Request, provider_id: str) -> Response:
    """Delete all that a provider has."""
    await inventories.replace(request.tx, provider_id, {})
    return no_content()


async def cannot_clear(request: Request, provider_id: str) -> Response:
    """Before 1.5 there is no such method."""
    raise MethodNotAllowed("The method specified is not allowed for this resource.")


async def delete(request: Request, provider_id: str, resource_class: str) -> Response:
    """Delete one class of what a provider has."""
    await inventories.delete(request.tx, provider_id, resource_class)
    return no_content()
