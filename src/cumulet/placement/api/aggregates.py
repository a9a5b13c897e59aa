"""Aggregates of providers. https://docs.openstack.org/api-ref/placement/#resource-provider-aggregates"""

from __future__ import annotations

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, Version
from ..operations import aggregates, providers
from . import bodies, queries
from .answers import shown, written

GENERATIONS = Version(1, 19)


async def index(request: Request, provider_id: str) -> Response:
    """List the aggregates that a provider is in."""
    provider = await providers.get(request.tx, provider_id)
    found = {"aggregates": await aggregates.of_provider(request.tx, provider_id)}
    generation = {"resource_provider_generation": provider.generation}
    return shown(request, {**found, **generation} if queries.speaks(request, GENERATIONS) else found)


async def put_list(request: Request, provider_id: str, body: list[bodies.Uuid]) -> Response:
    """Set the aggregates that a provider is in, up to 1.18."""
    _check_unique(body)
    await aggregates.put(request.tx, provider_id, body)
    return written(request, {"aggregates": body})


async def put(request: Request, provider_id: str, body: bodies.ProviderAggregates) -> Response:
    """Set the aggregates that a provider is in."""
    _check_unique(body.aggregates)
    wanted = (request.tx, provider_id, body.aggregates, body.resource_provider_generation)
    generation = await aggregates.put_at(*wanted)
    return written(request, {"aggregates": body.aggregates, "resource_provider_generation": generation})


def _check_unique(aggregate_ids: list[str]) -> None:
    if len(set(aggregate_ids)) != len(aggregate_ids):
        raise Invalid("The aggregates must be unique: one is named twice.")
