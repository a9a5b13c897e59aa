"""Resource providers: hosts, and whatever else has inventory."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from ...kernel import ids
from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ..model import Provider
from ..store import aggregates, claims, hosts, inventories, traits
from ..store import filters as filtering
from ..store import providers as store
from ..store.filters import Filters
from . import overcommit


class Changes(Struct, frozen=True):
    """What to change of a provider. `reparenting` allows a provider that has a parent to get another one, or none."""

    name: str
    parent_id: str | UnsetType | None = UNSET
    reparenting: bool = True


async def create(tx: Tx, name: str, provider_id: str | None = None, parent_id: str | None = None) -> Provider:
    """Add a provider, a root unless it has a parent. Raises Conflict if id or name is taken, Invalid for an unknown parent."""
    provider_id = provider_id or ids.new_uuid()
    await _check_free(tx, provider_id, name)
    root_id = provider_id
    if parent_id is not None:
        if parent_id == provider_id:
            raise Invalid("A provider cannot be its own parent: parent_provider_uuid is its uuid.")
        root_id = (await _parent(tx, parent_id)).root_id
    provider = Provider(provider_id, name, 0, parent_id, root_id, tx.stamp, tx.stamp)
    await store.add(tx, provider)
    return provider


async def _check_free(tx: Tx, provider_id: str, name: str) -> None:
    if await store.find(tx, provider_id) is not None:
        raise Conflict(f"Conflicting resource provider uuid: {provider_id} already exists.", code="duplicate_name")
    await _check_name(tx, name)


async def _check_name(tx: Tx, name: str) -> None:
    if await store.find_by_name(tx, name) is not None:
        raise Conflict(f"Conflicting resource provider name: {name} already exists.", code="duplicate_name")


async def _parent(tx: Tx, parent_id: str) -> Provider:
    parent = await store.find(tx, parent_id)
    if parent is None:
        raise Invalid(f"The parent provider {parent_id} does not exist.")
    return parent


async def get(tx: Reader, provider_id: str) -> Provider:
    """One provider. Raises NotFound."""
    provider = await store.find(tx, provider_id)
    if provider is None:
        raise NotFound(f"No resource provider with uuid {provider_id} found.")
    return provider


async def search(tx: Reader, filters: Filters) -> list[Provider]:
    """The providers that pass every filter, in the order in which they came."""
    if filters.in_tree is not None:
        member = await store.find(tx, filters.in_tree)
        if member is None:
            return []
        filters = filters.within(member.root_id)
    return await filtering.search(tx, filters)


async def update(tx: Tx, provider_id: str, changes: Changes) -> Provider:
    """Rename a provider, or give it another parent.

    Raises NotFound, Conflict if the name is taken, Invalid for an impossible parent.
    """
    provider = await get(tx, provider_id)
    if changes.name != provider.name:
        await _check_name(tx, changes.name)
        await store.rename(tx, provider_id, changes.name)
    if not isinstance(changes.parent_id, UnsetType) and changes.parent_id != provider.parent_id:
        await _reparent(tx, provider, changes.parent_id, changes.reparenting)
    return await get(tx, provider_id)


async def _reparent(tx: Tx, provider: Provider, parent_id: str | None, allowed: bool) -> None:
    if provider.parent_id is not None and not allowed:
        raise Invalid("Changing the parent of a provider that has one is not allowed at this microversion.")
    tree = await filtering.search(tx, Filters(in_tree=provider.root_id))
    subtree = _below(provider.id, tree)
    if parent_id in subtree:
        raise Invalid("A provider cannot be moved below itself: the tree would have a loop.")
    root_id = provider.id if parent_id is None else (await _parent(tx, parent_id)).root_id
    await store.set_parent(tx, provider.id, parent_id)
    await store.set_root(tx, sorted(subtree), root_id)


def _below(provider_id: str, tree: list[Provider]) -> set[str]:
    """A provider and everything below it."""
    found = {provider_id}
    while more := {p.id for p in tree if p.parent_id in found} - found:
        found |= more
    return found


async def delete(tx: Tx, provider_id: str) -> None:
    """Remove a provider with its inventory.

    Raises NotFound, and Conflict while it has children or claims, or is a host (C8).
    """
    await get(tx, provider_id)
    if await hosts.find(tx, provider_id) is not None:
        raise Conflict(
            f"Resource provider {provider_id} is a host; a host is retired, not deleted.", code="resource_provider.inuse"
        )
    if await store.has_children(tx, provider_id):
        message = f"Unable to delete parent resource provider {provider_id}: it has child resource providers."
        raise Conflict(message, code="resource_provider.cannot_delete_parent")
    held = await claims.holders(tx, [provider_id])
    if held:
        message = f"Unable to delete resource provider {provider_id}: Resource provider has allocations of {held} consumers."
        raise Conflict(message, code="resource_provider.inuse")
    await remove(tx, provider_id)


async def remove(tx: Tx, provider_id: str) -> None:
    """Delete a provider that nothing claims from, with all that belongs to it."""
    await traits.put(tx, provider_id, [])
    await aggregates.put(tx, provider_id, [])
    async with overcommit.watch(tx, provider_id, "The provider was removed."):
        await inventories.clear(tx, provider_id)
    await store.remove(tx, provider_id)


async def advance(tx: Tx, provider_id: str, generation: int | None = None) -> int:
    """Let the generation grow, and return it: until the transaction ends nobody else writes the provider's ledger.

    Raises NotFound, and Conflict unless `generation`, if it is given, was the provider's.
    """
    grown = await store.touch(tx, provider_id)
    if grown is None:
        raise NotFound(f"No resource provider with uuid {provider_id} found.")
    if generation is not None and grown != generation + 1:
        raise outdated(provider_id, generation)
    return grown


def outdated(provider_id: str, generation: int) -> Conflict:
    """The caller's generation is not the provider's."""
    message = f"resource provider generation conflict: {provider_id} is not at generation {generation} (any more)."
    return Conflict(message, code="concurrent_update")


__all__ = ["Changes", "Filters", "advance", "create", "delete", "get", "outdated", "remove", "search", "update"]
