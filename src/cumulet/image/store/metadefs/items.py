"""What is in namespaces: objects, properties, tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ....kernel.db import Listing, Page, Query, Reader, Tx, values
from ....kernel.db.rows import delete, insert, update
from ...metadefs import Item
from .tables import ITEMS

T = ITEMS.c
INSERT, UPDATE, DELETE = insert(ITEMS), update(ITEMS), delete(ITEMS)
_OF_KIND = (T.namespace_id == sa.bindparam("b_namespace_id"), T.kind == sa.bindparam("b_kind"))
GET = Query(sa.select(ITEMS).where(*_OF_KIND, T.name == sa.bindparam("name")), Item)
OF_NAMESPACE = Query(
    sa.select(ITEMS).where(T.namespace_id == sa.bindparam("namespace_id")).order_by(T.created_at, T.position, T.id), Item
)
DELETE_ALL: Query[Any] = Query(sa.delete(ITEMS).where(*_OF_KIND))
LISTING = Listing(
    sa.select(ITEMS),
    Item,
    key=T.id,
    sorts={name: T[name] for name in ("created_at", "updated_at", "name", "position")},
    filters={"namespace_id": T.namespace_id, "kind": T.kind},
    default=[("created_at", True), ("position", True)],
)


async def add(tx: Tx, rows: Sequence[Item]) -> None:
    """Insert. Raises Duplicate if a name is taken."""
    for row in rows:
        await tx.do(INSERT, **values(row))


async def save(tx: Tx, row: Item) -> None:
    """Write every field. Raises Duplicate if the name is taken."""
    await tx.do(UPDATE, b_key=row.id, **values(row))


async def find(tx: Reader, namespace_id: str, kind: str, name: str) -> Item | None:
    """One item."""
    return await tx.one(GET, b_namespace_id=namespace_id, b_kind=kind, name=name)


async def of_namespace(tx: Reader, namespace_id: str) -> list[Item]:
    """Every item, of all kinds, in the order in which they were made."""
    return await tx.all(OF_NAMESPACE, namespace_id=namespace_id)


async def page(tx: Reader, wanted: Page, namespace_id: str, kind: str) -> list[Item]:
    """A page of the items of one kind."""
    return await LISTING.page(tx, wanted.where("namespace_id", namespace_id).where("kind", kind))


async def remove(tx: Tx, row: Item) -> None:
    """Delete."""
    await tx.do(DELETE, key=row.id)


async def remove_all(tx: Tx, namespace_id: str, kind: str) -> None:
    """Delete every item of a kind."""
    await tx.do(DELETE_ALL, b_namespace_id=namespace_id, b_kind=kind)
