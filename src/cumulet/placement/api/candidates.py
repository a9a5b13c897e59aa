"""Allocation candidates. https://docs.openstack.org/api-ref/placement/#allocation-candidates"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, Version
from ..operations import candidates
from ..search import Candidate, Node, Search, World
from . import groups, queries
from .answers import shown

KEYED = Version(1, 12)
TRAITS = Version(1, 17)
ALL_CLASSES = Version(1, 27)
MAPPED = Version(1, 34)


async def index(request: Request) -> Response:
    """Every way to satisfy a request for resources."""
    wanted = groups.search(request)
    found, world = await candidates.search(request.tx, wanted)
    summaries = {node.id: _summary(request, node, wanted) for node in _involved(found, world, wanted)}
    return shown(request, {"allocation_requests": [_request(request, each) for each in found], "provider_summaries": summaries})


def _request(request: Request, found: Candidate) -> dict[str, Any]:
    """A candidate in the form in which it can be sent back as allocations."""
    shares: dict[str, dict[str, int]] = {}
    for (provider_id, name), amount in found.amounts.items():
        shares.setdefault(provider_id, {})[name] = amount
    if not queries.speaks(request, KEYED):
        listed = [{"resource_provider": {"uuid": at}, "resources": amounts} for at, amounts in shares.items()]
        return {"allocations": listed}
    keyed: dict[str, Any] = {"allocations": {at: {"resources": amounts} for at, amounts in shares.items()}}
    return {**keyed, "mappings": found.mappings} if queries.speaks(request, MAPPED) else keyed


def _involved(found: list[Candidate], world: World, wanted: Search) -> list[Node]:
    """The providers to describe: those that give something, and since 1.29 the rest of their trees."""
    used = {provider_id for each in found for provider_id in each.providers()}
    if not wanted.nested:
        return [node for node in world.nodes.values() if node.id in used]
    roots = {world.nodes[provider_id].root_id for provider_id in used}
    return [node for node in world.nodes.values() if node.root_id in roots]


def _summary(request: Request, node: Node, wanted: Search) -> dict[str, Any]:
    asked = {name for group in wanted.groups for name in group.resources}
    every = queries.speaks(request, ALL_CLASSES)
    resources = {
        name: {"capacity": figures.capacity, "used": figures.used}
        for name, figures in node.figures.items()
        if every or name in asked
    }
    summary: dict[str, Any] = {"resources": resources}
    if queries.speaks(request, TRAITS):
        summary["traits"] = sorted(node.traits, key=lambda trait: (trait.startswith("CUSTOM_"), trait))
    if queries.speaks(request, groups.NESTED):
        summary |= {"parent_provider_uuid": node.parent_id, "root_provider_uuid": node.root_id}
    return summary
