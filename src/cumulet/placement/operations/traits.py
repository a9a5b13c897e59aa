"""Traits: the standard ones, custom ones whose names begin with CUSTOM_, and which provider has which."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from .. import standards
from ..store import traits as store
from . import providers


class Filters(Struct, frozen=True):
    """Which traits to list: one of `names`, beginning with `prefix`, had by some provider or by none."""

    names: list[str] | None = None
    prefix: str = ""
    associated: bool | None = None


async def list_all(tx: Reader, filters: Filters) -> list[str]:
    """The traits that pass, by name."""
    found = standards.traits() | set(await store.custom(tx))
    if filters.names is not None:
        found &= set(filters.names)
    if filters.associated is not None:
        used = set(await store.used(tx))
        found = found & used if filters.associated else found - used
    return sorted(name for name in found if name.startswith(filters.prefix))


async def get(tx: Reader, name: str) -> str | None:
    """Since when a trait is there; None for a standard one. Raises NotFound."""
    custom = await store.custom(tx)
    if name not in custom and name not in standards.traits():
        raise NotFound(f"There is no trait {name}.")
    return custom.get(name)


async def ensure(tx: Tx, name: str) -> bool:
    """Add a custom trait unless it is there; whether it was added."""
    return await store.define(tx, name)


async def delete(tx: Tx, name: str) -> None:
    """Remove a custom trait. Raises NotFound, Invalid for a standard one, Conflict while a provider has it."""
    await get(tx, name)
    if name in standards.traits():
        raise Invalid(f"Trait {name} is standard and cannot be deleted.")
    holders = await store.holders(tx, name)
    if holders:
        raise Conflict(f"Trait {name} is in use: {holders} providers have it.")
    await store.forget(tx, name)


async def check(tx: Reader, names: Iterable[str]) -> None:
    """Raise Invalid, naming them, unless each of these traits exists."""
    unknown = set(names) - standards.traits()
    if unknown:
        unknown -= set(await store.custom(tx))
    if unknown:
        raise Invalid(f"No such trait(s): {', '.join(sorted(unknown))}.")


async def of_provider(tx: Reader, provider_id: str) -> list[str]:
    """A provider's traits, by name."""
    return (await store.of_providers(tx, [provider_id]))[provider_id]


async def put(tx: Tx, provider_id: str, names: list[str], generation: int | None) -> int:
    """The provider has exactly these traits; its generation after that.

    Raises NotFound, Conflict unless `generation`, if given, is the provider's, and Invalid for unknown traits.
    """
    provider = await providers.get(tx, provider_id)
    await check(tx, names)
    if generation is not None and provider.generation != generation:
        raise providers.outdated(provider_id, generation)
    if set(names) == set(await of_provider(tx, provider_id)):
        return provider.generation
    grown = await providers.advance(tx, provider_id, generation)
    await store.put(tx, provider_id, dict.fromkeys(names))
    return grown
