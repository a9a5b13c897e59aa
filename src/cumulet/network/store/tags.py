"""Tags of every kind of object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among, metadata

TAGS = sa.Table(
    "network_tags",
    metadata,
    sa.Column("object_id", sa.Text, primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
)
T = TAGS.c
_OBJECT = sa.bindparam("object", type_=sa.Text())

OF = Query(sa.select(T.object_id, T.tag).where(among(T.object_id, "objects")).order_by(T.object_id, T.tag))
ADD = Query(sa.insert(TAGS).values(object_id=_OBJECT, tag=sa.bindparam("tag", type_=sa.Text())))
REMOVE = Query(sa.delete(TAGS).where(T.object_id == _OBJECT, T.tag == sa.bindparam("tag")))
CLEAR = Query(sa.delete(TAGS).where(T.object_id == _OBJECT))

Custom = Callable[[str, str], sa.ColumnElement[Any]]


def filters(column: sa.ColumnElement[Any]) -> dict[str, Custom]:
    """Filters on the tags of the objects whose id is `column`.

    `tag` with eq or ne: the object has this tag, or has not; with in or nin: it has one of these, or none. `lacks` (a text with
    commas around each tag): it does not have all of these.
    """

    def tag(op: str, name: str) -> sa.ColumnElement[bool]:
        several = op in ("in", "nin")
        matching = among(T.tag, name) if several else T.tag == sa.bindparam(name, type_=sa.Text())
        having = column.in_(sa.select(T.object_id).where(matching))
        return sa.not_(having) if op in ("ne", "nin") else having

    def lacks(op: str, name: str) -> sa.ColumnElement[bool]:
        value = sa.bindparam(name, type_=sa.Text())
        among_them = sa.func.replace(value, sa.literal(",").concat(T.tag).concat(","), "") != value
        held = sa.select(sa.func.count()).select_from(TAGS).where(T.object_id == column, among_them).scalar_subquery()
        return held < sa.func.length(value) - sa.func.length(sa.func.replace(value, ",", "")) - 1

    return {"tag": tag, "lacks": lacks}


async def of(tx: Reader, object_ids: list[str]) -> dict[str, list[str]]:
    """Each object's tags."""
    found: dict[str, list[str]] = {object_id: [] for object_id in object_ids}
    for object_id, tag in await tx.all(OF, objects=object_ids) if object_ids else []:
        found[object_id].append(tag)
    return found


async def add(tx: Tx, object_id: str, tags: list[str]) -> None:
    """Add tags that the object does not have yet."""
    for tag in tags:
        await tx.do(ADD, object=object_id, tag=tag)


async def remove(tx: Tx, object_id: str, tag: str) -> bool:
    """Remove one; whether it was there."""
    return await tx.do(REMOVE, object=object_id, tag=tag) > 0


async def clear(tx: Tx, object_id: str) -> None:
    """Remove all."""
    await tx.do(CLEAR, object=object_id)
