"""Where images' bytes are: each row is one object in one store. Those of a deleted image say what its restoring brings back."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx
from ...kernel.db.rows import insert
from ..model import DELETED, Location
from .tables import LOCATIONS, L, T

_KEY = (L.image_id == sa.bindparam("b_image_id"), L.store == sa.bindparam("b_store"), L.key == sa.bindparam("b_key"))

INSERT = insert(LOCATIONS)
REMOVE: Query[Any] = Query(sa.delete(LOCATIONS).where(*_KEY))
LIVE: Query[Any] = Query(sa.select(L.store, L.key, L.image_id).where(L.image_id == T.id, T.status != DELETED))
OF_IMAGE: Query[Any] = Query(sa.select(L.store, L.key, L.metadata).where(L.image_id == sa.bindparam("image_id")))
OF_DELETED: Query[Any] = Query(
    sa.select(L.image_id, L.store).where(L.image_id == T.id, T.status == DELETED).order_by(L.image_id, L.store)
)
IS_LIVE: Query[Any] = Query(
    sa.select(L.key).where(L.image_id == T.id, T.status != DELETED, L.store == sa.bindparam("store"), L.key == sa.bindparam("key"))
)

IS_NAMED: Query[Any] = Query(sa.select(L.key).where(L.store == sa.bindparam("store"), L.key == sa.bindparam("key")))


async def add(tx: Tx, image_id: str, location: Location) -> None:
    """One more, of an image that was changed just now. Raises Duplicate."""
    metadata = msgspec.json.encode(location.metadata).decode()
    await tx.do(INSERT, image_id=image_id, store=location.store, key=location.key, metadata=metadata)


async def remove(tx: Tx, image_id: str, location: Location) -> bool:
    """One less, of an image that was changed just now; False if it was not there."""
    return await tx.do(REMOVE, b_image_id=image_id, b_store=location.store, b_key=location.key) == 1


async def of_image(tx: Reader, image_id: str) -> list[Location]:
    """An image's, even if it is deleted."""
    return [Location(store, key, msgspec.json.decode(more)) for store, key, more in await tx.all(OF_IMAGE, image_id=image_id)]


async def of_deleted(tx: Reader) -> dict[str, list[str]]:
    """The stores of each image that is deleted, by the image's id."""
    found: dict[str, list[str]] = defaultdict(list)
    for image_id, store in await tx.all(OF_DELETED):
        found[image_id].append(store)
    return found


async def live(tx: Reader) -> dict[tuple[str, str], str]:
    """(store, key) to the image, of all images that are not deleted."""
    return {(store, key): image_id for store, key, image_id in await tx.all(LIVE)}


async def is_live(tx: Reader, store: str, key: str) -> bool:
    """Whether an image that is not deleted names these bytes."""
    return await tx.one(IS_LIVE, store=store, key=key) is not None


async def is_named(tx: Reader, store: str, key: str) -> bool:
    """Whether any image names these bytes, a deleted one included."""
    return await tx.one(IS_NAMED, store=store, key=key) is not None
