"""Flavors."""

from __future__ import annotations

from typing import Any

from ...kernel.db import Duplicate, Page, Reader, Tx
from ...kernel.errors import Conflict, NotFound
from ...kernel.ids import new_uuid
from ...kernel.policy import Actor
from ..model import Flavor
from ..store import flavors


async def get(tx: Reader, actor: Actor, flavor_id: str) -> Flavor:
    """A flavor that the actor's project may use; any, for administrators. Raises NotFound."""
    found = await flavors.find(tx, flavor_id, actor.scope)
    if found is None:
        raise NotFound(f"Flavor {flavor_id} could not be found.")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Flavor]:
    """Flavors, for everybody but administrators those that their project may use."""
    if actor.scope is not None:
        wanted = wanted.where("usable_by", actor.scope)
    return await flavors.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any], flavor_id: str | None = None) -> Flavor:
    """A new flavor; `fields` are `Flavor`'s, without id and instants. Raises Conflict if the name or the id is taken."""
    flavor = Flavor(id=flavor_id or new_uuid(), disabled=False, extra_specs={}, created_at=tx.stamp, updated_at=None, **fields)
    try:
        await flavors.add(tx, flavor)
    except Duplicate as problem:
        what = f"name {flavor.name}" if "name" in str(problem) else f"ID {flavor.id}"
        raise Conflict(f"Flavor with {what} already exists.") from None
    return flavor


async def delete(tx: Tx, actor: Actor, flavor_id: str) -> None:
    """Delete a flavor; servers keep their copies. Raises NotFound."""
    await get(tx, actor, flavor_id)
    await flavors.remove(tx, flavor_id)
