"""Resource providers. https://docs.openstack.org/api-ref/placement/#resource-providers"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ...kernel.http import Request, Response, Version, no_content
from ...kernel.ids import normal_uuid
from ..model import Provider
from ..operations import classes, providers, traits
from ..operations.providers import Changes, Filters
from . import bodies, queries
from .answers import dated, located, newest, shown, written

TREES = Version(1, 14)
ANSWERED = Version(1, 20)
REPARENTING = Version(1, 37)
LINKS = [
    ("inventories", Version(1, 0)),
    ("usages", Version(1, 0)),
    ("aggregates", Version(1, 1)),
    ("traits", Version(1, 6)),
    ("allocations", Version(1, 11)),
]
PARAMETERS = [
    ("name", Version(1, 0)),
    ("uuid", Version(1, 0)),
    ("member_of", Version(1, 3)),
    ("resources", Version(1, 4)),
    ("in_tree", Version(1, 14)),
    ("required", Version(1, 18)),
]


def path(request: Request, provider_id: str, *more: str) -> str:
    """Where a provider is, as a path."""
    return "/".join((f"{request.mount}/resource_providers/{provider_id}", *more))


def view(request: Request, provider: Provider) -> dict[str, Any]:
    """A provider on the wire."""
    links = [{"rel": "self", "href": path(request, provider.id)}]
    links += [{"rel": rel, "href": path(request, provider.id, rel)} for rel, since in LINKS if queries.speaks(request, since)]
    shown = {"uuid": provider.id, "name": provider.name, "generation": provider.generation, "links": links}
    tree = {"parent_provider_uuid": provider.parent_id, "root_provider_uuid": provider.root_id}
    return {**shown, **tree} if queries.speaks(request, TREES) else shown


async def create(request: Request, body: bodies.NewProvider) -> Response:
    """Create a provider; the answer has a body since 1.20."""
    provider_id = normal_uuid(body.uuid) if body.uuid else None
    made = await providers.create(request.tx, body.name, provider_id, body.parent_provider_uuid)
    if not queries.speaks(request, ANSWERED):
        return Response(201, None, located(request, path(request, made.id)))
    return Response(200, view(request, made), located(request, path(request, made.id), dated(request, made.updated_at)))


async def index(request: Request) -> Response:
    """List providers."""
    filters = _filters(request)
    await classes.check(request.tx, filters.resources)
    await traits.check(request.tx, {name for any_of in filters.required for name in any_of} | set(filters.forbidden))
    found = await providers.search(request.tx, filters)
    listed = {"resource_providers": [view(request, provider) for provider in found]}
    return shown(request, listed, newest(provider.updated_at for provider in found))


def _filters(request: Request) -> Filters:
    queries.only(request, [name for name, since in PARAMETERS if queries.speaks(request, since)])
    member_of, not_in = queries.aggregates(request, "member_of")
    required, forbidden = queries.traits(request, "required")
    provider_id, in_tree, resources = (request.asked(name) for name in ("uuid", "in_tree", "resources"))
    return Filters(
        name=request.asked("name"),
        id=None if provider_id is None else queries.uuid("uuid", provider_id),
        member_of=member_of,
        not_in=not_in,
        required=required,
        forbidden=forbidden,
        in_tree=None if in_tree is None else queries.uuid("in_tree", in_tree),
        resources={} if resources is None else queries.resources(resources),
    )


async def show(request: Request, provider_id: str) -> Response:
    """Show a provider."""
    provider = await providers.get(request.tx, provider_id)
    return shown(request, view(request, provider), provider.updated_at)


async def update(request: Request, provider_id: str, body: bodies.ProviderChanges) -> Response:
    """Rename a provider, or move it in its tree."""
    parent_id = body.parent_provider_uuid if queries.speaks(request, TREES) else UNSET
    changes = Changes(body.name, parent_id, queries.speaks(request, REPARENTING))
    provider = await providers.update(request.tx, provider_id, changes)
    return written(request, view(request, provider), provider.updated_at)


async def delete(request: Request, provider_id: str) -> Response:
    """Delete a provider."""
    await providers.delete(request.tx, provider_id)
    return no_content()
