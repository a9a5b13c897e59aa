"""Custom resource classes; the standard ones are in `placement.standards`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, metadata
from .tables import INVENTORIES

CLASSES = sa.Table(
    "resource_classes",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("updated_at", sa.Text, nullable=False),
)
T = CLASSES.c

DEFINE: Query[Any] = Query(
    insert(CLASSES).values(name=sa.bindparam("name"), updated_at=sa.bindparam("stamp")).on_conflict_do_nothing()
)
FORGET: Query[Any] = Query(sa.delete(CLASSES).where(T.name == sa.bindparam("name")))
RENAME: Query[Any] = Query(
    sa.update(CLASSES).where(T.name == sa.bindparam("b_name")).values(name=sa.bindparam("name"), updated_at=sa.bindparam("stamp"))
)
CUSTOM: Query[tuple[str, str]] = Query(sa.select(T.name, T.updated_at).order_by(T.updated_at, T.name))
IN_USE: Query[tuple[int]] = Query(sa.select(sa.func.count()).where(INVENTORIES.c.resource_class == sa.bindparam("name")))


async def define(tx: Tx, name: str) -> bool:
    """Add a custom class; False if it is there already."""
    return await tx.do(DEFINE, name=name, stamp=tx.stamp) == 1


async def forget(tx: Tx, name: str) -> bool:
    """Remove a custom class; False if there is none of that name."""
    return await tx.do(FORGET, name=name) == 1


async def rename(tx: Tx, name: str, new: str) -> bool:
    """Change a custom class's name; False if there is none. Raises Duplicate if the new one is taken."""
    return await tx.do(RENAME, b_name=name, name=new, stamp=tx.stamp) == 1


async def custom(tx: Reader) -> dict[str, str]:
    """The custom classes in the order in which they came, and since when each is there."""
    return dict(await tx.all(CUSTOM))


async def holders(tx: Reader, name: str) -> int:
    """How many providers have inventory of a class."""
    found = await tx.one(IN_USE, name=name)
    return found[0] if found else 0
