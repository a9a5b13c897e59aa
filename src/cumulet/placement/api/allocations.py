"""Allocations: what a consumer holds. https://docs.openstack.org/api-ref/placement/#allocations"""

from __future__ import annotations

from typing import Any

from ...kernel.errors import Invalid, NotFound
from ...kernel.http import Request, Response, Version, no_content
from ...kernel.ids import is_uuid, normal_uuid
from ..operations import allocations, providers, reshape
from ..operations.allocations import Held
from . import bodies, queries
from .answers import shown

OWNERS = Version(1, 12)


def _view(request: Request, held: Held) -> dict[str, Any]:
    known = held.providers
    listed = {at: {"generation": known[at].generation, "resources": amounts} for at, amounts in held.resources.items()}
    answer: dict[str, Any] = {"allocations": listed}
    if held.consumer is None or not queries.speaks(request, OWNERS):
        return answer
    answer |= {"project_id": held.consumer.project_id, "user_id": held.consumer.user_id}
    if queries.speaks(request, bodies.GENERATIONS):
        answer["consumer_generation"] = held.consumer.generation
    if queries.speaks(request, bodies.TYPES):
        answer["consumer_type"] = held.consumer.type or "unknown"
    return answer


async def show(request: Request, consumer_id: str) -> Response:
    """What a consumer holds."""
    held = await allocations.of_consumer(request.tx, consumer_id)
    return shown(request, _view(request, held), held.since)


async def of_provider(request: Request, provider_id: str) -> Response:
    """Who holds what of a provider."""
    provider = await providers.get(request.tx, provider_id)
    listed: dict[str, Any] = {}
    for consumer_id, (resources, generation) in (await allocations.on_provider(request.tx, provider_id)).items():
        listed[consumer_id] = {"resources": resources}
        if queries.speaks(request, bodies.GENERATIONS):
            listed[consumer_id]["consumer_generation"] = generation
    return shown(request, {"allocations": listed, "resource_provider_generation": provider.generation})


def _consumer(consumer_id: str) -> str:
    if not is_uuid(consumer_id):
        raise Invalid(f"Malformed consumer_uuid: {consumer_id}")
    return normal_uuid(consumer_id)


async def put_list(request: Request, consumer_id: str, body: bodies.ListedAllocations) -> Response:
    """Set what a consumer holds, up to 1.11."""
    await allocations.put(request.tx, [bodies.listed_allocation(request, _consumer(consumer_id), body)])
    return no_content()


async def put(request: Request, consumer_id: str, body: bodies.Allocations) -> Response:
    """Set what a consumer holds; nothing is possible since 1.28."""
    if not body.allocations and not queries.speaks(request, bodies.GENERATIONS):
        raise Invalid("Invalid input for field/attribute allocations: at least one provider is needed.")
    await allocations.put(request.tx, [bodies.allocation(request, _consumer(consumer_id), body)])
    return no_content()


async def post(request: Request, body: bodies.Consumers) -> Response:
    """Set what several consumers hold."""
    if not body:
        raise Invalid("At least one consumer is needed.")
    wanted = [bodies.allocation(request, consumer_id, allocation) for consumer_id, allocation in body.items()]
    await allocations.put(request.tx, wanted)
    return no_content()


async def delete(request: Request, consumer_id: str) -> Response:
    """Release all that a consumer holds."""
    if not await allocations.delete(request.tx, consumer_id):
        raise NotFound(f"No allocations for consumer '{consumer_id}'")
    return no_content()


async def reshape_all(request: Request, body: bodies.Reshape) -> Response:
    """Move inventory, and what is claimed of it, between providers."""
    stocks = {
        provider_id: (bodies.stocks(request, inventories), inventories.resource_provider_generation)
        for provider_id, inventories in body.inventories.items()
    }
    wanted = [bodies.allocation(request, consumer_id, allocation) for consumer_id, allocation in body.allocations.items()]
    await reshape.reshape(request.tx, stocks, wanted)
    return no_content()
