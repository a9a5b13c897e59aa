"""In which stores an active image is: taking it out of one of several."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ...kernel.db import Tx
from ...kernel.errors import Conflict, Forbidden, NotFound, Problem
from ..bytestores import Stores
from ..model import ACTIVE, DEACTIVATED, Image, Location
from ..parts import Parts
from ..store import images, locations

log = logging.getLogger("cumulet.image")


async def remove_from(tx: Tx, stores: Stores, image: Image, store: str) -> list[Location]:
    """Take an image out of a store; where it was. `put_away` the bytes then.

    Raises NotFound (no such store, or not there), Conflict (it is not active, or it is being changed), Forbidden (it is the only
    store that has it, or the image is protected).
    """
    if store not in stores.known:
        raise NotFound(f"Store {store!r} is not known.")
    found = [location for location in image.locations if location.store == store]
    if not found:
        raise NotFound(f"Image {image.id} is not in store {store!r}.")
    if image.status not in (ACTIVE, DEACTIVATED):
        raise Conflict(f"Data can be taken out of a store from an active image only; image {image.id} is {image.status}.")
    if image.protected:
        raise Forbidden(f"Image {image.id} is protected and cannot be deleted from a store.")
    if len(found) == len(image.locations):
        raise Forbidden(f"Store {store!r} is the only one that has image {image.id}: delete the image instead.")
    await take(tx, image, found)
    return found


async def take(tx: Tx, image: Image, gone: Sequence[Location]) -> None:
    """Remove locations. Raises Conflict if somebody else changes the image now."""
    if not await images.touch(tx, image, tx.stamp):
        raise Conflict(f"Image {image.id} was changed by somebody else meanwhile; try again.")
    for location in gone:
        await locations.remove(tx, image.id, location)


async def put_away(parts: Parts, gone: Sequence[Location]) -> None:
    """Bytes that an image does not name any more go to quarantine; where that fails now, the sweeper does it later."""
    for location in gone:
        store = parts.stores.known.get(location.store)
        try:
            if store is not None:
                await store.quarantine(location.key, parts.db.clock.now())
        except Problem as problem:
            log.warning("bytes stay in store %s for now: %s", location.store, problem)
