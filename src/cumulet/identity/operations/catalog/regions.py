"""Regions, which may lie within each other."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx, values
from ....kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ...model import Region
from ...rules import some
from ...store import catalog, limits, policies


async def get(tx: Reader, region_id: str) -> Region:
    """A region. Raises NotFound."""
    found = await tx.one(catalog.GET_REGION, key=region_id)
    if found is None:
        raise NotFound(f"Could not find region: {region_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[Region]:
    """Regions."""
    return await catalog.REGION_LISTING.page(tx, wanted)


async def create(tx: Tx, region: Region) -> Region:
    """A new region. Raises Conflict if the id is taken, NotFound for an unknown parent, Invalid for an id that is too long."""
    if len(region.id) > 255:
        raise Invalid("Invalid input for field/attribute id. A text of at most 255 characters is expected.")
    region = msgspec.structs.replace(region, id=region.id or ids.new_hex())
    if await tx.one(catalog.GET_REGION, key=region.id):
        raise Conflict(f"Conflict occurred attempting to store region - Duplicate ID, {region.id}.")
    await _check_parent(tx, region)
    await tx.do(catalog.INSERT_REGION, **values(region))
    return region


async def ensure(tx: Tx, region_id: str) -> None:
    """Make a region unless it is there."""
    if await tx.one(catalog.GET_REGION, key=region_id) is None:
        await create(tx, Region(region_id, "", None, {}))


async def _check_parent(tx: Reader, region: Region) -> None:
    above, seen = region.parent_region_id, {region.id}
    while above:
        if above in seen:
            raise Invalid("Invalid input for field/attribute parent_region_id. Regions may not form a circle.")
        seen.add(above)
        above = (await get(tx, above)).parent_region_id


async def update(tx: Tx, region: Region, changes: dict[str, Any]) -> Region:
    """Change a region. Raises NotFound, Invalid."""
    changed = msgspec.structs.replace(region, **changes)
    await _check_parent(tx, changed)
    await tx.do(catalog.UPDATE_REGION, b_key=region.id, **values(changed))
    tx.signal("identity", region.id)
    return changed


async def delete(tx: Tx, region_id: str) -> None:
    """Delete a region and those in it. Raises Forbidden while one of them has endpoints or registered limits."""
    await get(tx, region_id)
    doomed = [region_id]
    for above in doomed:
        doomed += [r.id for r in await page(tx, Page().where("parent_region_id", above))]
    inside = Page().where("region_id", doomed, "in")
    _check_unused(region_id, "endpoints", [endpoint.id for endpoint in await catalog.ENDPOINT_LISTING.page(tx, inside)])
    _check_unused(region_id, "registered limits", [limit.id for limit in await limits.page_registered(tx, inside)])
    for below in reversed(doomed):
        await policies.forget(tx, "region_id", below)
        await tx.do(catalog.DELETE_REGION, key=below)


def _check_unused(region_id: str, what: str, used: list[str]) -> None:
    if used:
        raise Forbidden(
            f"Unable to delete region {region_id} because it or its child regions have associated {what}: {some(used)}."
        )
