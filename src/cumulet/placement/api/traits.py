"""Traits. https://docs.openstack.org/api-ref/placement/#traits"""

from __future__ import annotations

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, no_content
from ..operations import providers, traits
from ..operations.traits import Filters
from . import bodies, queries
from .answers import dated, located, shown, written


def _path(request: Request, name: str) -> str:
    return f"{request.mount}/traits/{name}"


async def index(request: Request) -> Response:
    """List traits."""
    return shown(request, {"traits": await traits.list_all(request.tx, _filters(request))})


def _filters(request: Request) -> Filters:
    queries.only(request, ("name", "associated"))
    name, associated = request.asked("name"), request.asked("associated")
    if associated is not None and associated.lower() not in ("true", "false"):
        raise Invalid('The query parameter "associated" only accepts "true" or "false".')
    used = None if associated is None else associated.lower() == "true"
    if name is None:
        return Filters(associated=used)
    operator, colon, value = name.partition(":")
    if not colon:
        raise Invalid(f'Badly formatted name parameter, in:NAME,NAME and startswith:PREFIX are understood. Got: "{name}"')
    if operator == "in":
        return Filters(names=value.split(","), associated=used)
    return Filters(prefix=value if operator == "startswith" else "", associated=used)


async def show(request: Request, name: str) -> Response:
    """Whether a trait is there."""
    since = await traits.get(request.tx, name)
    return Response(204, None, dated(request, since))


async def ensure(request: Request, name: str) -> Response:
    """Create a custom trait unless it is there."""
    if not bodies.is_custom(name):
        rule = 'no longer than 255 characters, start with the prefix "CUSTOM_" and use only "A"-"Z", "0"-"9" and "_"'
        raise Invalid(f"The trait is invalid. A valid trait must be {rule}.")
    added = await traits.ensure(request.tx, name)
    headers = located(request, _path(request, name), dated(request, await traits.get(request.tx, name)))
    return Response(201 if added else 204, None, headers)


async def delete(request: Request, name: str) -> Response:
    """Delete a custom trait."""
    await traits.delete(request.tx, name)
    return no_content()


async def of_provider(request: Request, provider_id: str) -> Response:
    """List the traits of a provider."""
    provider = await providers.get(request.tx, provider_id)
    found = await traits.of_provider(request.tx, provider_id)
    return shown(request, {"traits": found, "resource_provider_generation": provider.generation})


async def put(request: Request, provider_id: str, body: bodies.ProviderTraits) -> Response:
    """Set all traits of a provider."""
    generation = await traits.put(request.tx, provider_id, body.traits, body.resource_provider_generation)
    found = await traits.of_provider(request.tx, provider_id)
    return written(request, {"traits": found, "resource_provider_generation": generation})


async def clear(request: Request, provider_id: str) -> Response:
    """Remove all traits of a provider."""
    await traits.put(request.tx, provider_id, [], None)
    return no_content()
