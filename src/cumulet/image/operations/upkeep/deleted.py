"""Images that were deleted, for as long as their bytes are in quarantine (safety K1)."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.clock import Stamp, seconds, stamp
from ....kernel.db import Reader
from ....kernel.errors import NotFound
from ...model import Location
from ...parts import Parts
from ...store import locations, transitions


class Deleted(Struct, frozen=True):
    """One of them. `size` in bytes; from `purged_from` on its bytes may go, earlier only if its store is nearly full."""

    id: str
    name: str | None
    owner: str | None
    size: int | None
    deleted_at: Stamp
    purged_from: Stamp
    stores: list[str]


async def listing(tx: Reader, grace: float) -> list[Deleted]:
    """All of them, the latest first; `grace` seconds are how long bytes are kept."""
    found = await transitions.deleted(tx)
    stores = await locations.of_deleted(tx)
    return [
        Deleted(
            id=one.id,
            name=one.name,
            owner=one.owner,
            size=one.size,
            deleted_at=one.deleted_at,
            purged_from=stamp(seconds(one.deleted_at) + grace),
            stores=stores[one.id],
        )
        for one in found
    ]


async def restore(parts: Parts, image_id: str) -> None:
    """Bring a deleted image back as it was, in each store that still has it. Raises NotFound if none has (any more)."""
    async with parts.db.read() as tx:
        known = await locations.of_image(tx, image_id)
        deleted = await transitions.is_deleted(tx, image_id)
    if not deleted:
        raise NotFound(f"There is no deleted image {image_id}.")
    lost = [at for at in known if not await _brought_back(parts, at)]
    if known and len(lost) == len(known):
        raise NotFound(f"The data of image {image_id} has been purged, or its stores are not enabled any more.")
    async with parts.db.tx() as tx:
        if not await transitions.restore(tx, image_id):
            raise NotFound(f"There is no deleted image {image_id}.")
        for location in lost:
            await locations.remove(tx, image_id, location)


async def _brought_back(parts: Parts, at: Location) -> bool:
    store = parts.stores.known.get(at.store)
    return store is not None and await store.restore(at.key, parts.db.clock.now())
