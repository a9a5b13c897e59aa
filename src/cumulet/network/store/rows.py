"""What the tables here have in common: rows made of Structs, optimistic writes, and who may see what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_or

from ...kernel.db import Json, Query, Tx, values
from ...kernel.errors import Conflict

S = TypeVar("S", bound=msgspec.Struct)

PROJECT = sa.bindparam("project_id", type_=sa.Text())


def stamped() -> list[sa.Column[Any]]:
    """The columns that every noun ends with."""
    return [
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    ]


def typed(row: type[S], **columns: Any) -> Callable[..., S]:
    """Makes rows; these JSON columns become Structs again."""
    places = [(at, columns[name]) for at, name in enumerate(row.__struct_fields__) if name in columns]

    def make(*raw: Any) -> S:
        found = list(raw)
        for at, kind in places:
            if found[at]:
                found[at] = msgspec.convert(found[at], kind)
        return row(*found)

    return make


def mine(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The row belongs to `project_id`, or `project_id` is null: an administrator asks."""
    return sa.or_(PROJECT.is_(None), column == PROJECT)


def insert_unless_taken(table: sa.Table) -> Query[Any]:
    """INSERT of a whole row which does nothing, and says so by its row count, if a unique column is taken."""
    columns = {c.name: sa.bindparam(c.name, type_=c.type) for c in table.columns}
    return Query(insert_or(table).values(columns).on_conflict_do_nothing())


def guarded_update(table: sa.Table) -> Query[Any]:
    """UPDATE of a whole row, if it still has the revision that was read."""
    columns = {c.name: sa.bindparam(c.name, type_=c.type) for c in table.columns if c.name != "id"}
    seen = sa.and_(table.c.id == sa.bindparam("b_key"), table.c.revision == sa.bindparam("b_revision"))
    return Query(sa.update(table).where(seen).values(columns))


def locking(table: sa.Table) -> Query[Any]:
    """SELECT of one row's id which keeps other transactions from passing here until this one ends. (SQLite has one writer.)"""
    return Query(sa.select(table.c.id).where(table.c.id == sa.bindparam("key")).with_for_update())


async def save(tx: Tx, query: Query[Any], row: S, noun: str) -> S:
    """Write a changed row, one revision on, now. Raises Conflict if somebody else wrote it meanwhile."""
    seen: Any = row
    changed = msgspec.structs.replace(row, updated_at=tx.stamp, revision=seen.revision + 1)
    if not await tx.do(query, b_key=seen.id, b_revision=seen.revision, **values(changed)):
        raise Conflict(f"The {noun} {seen.id} was changed by another request; try again.", code="StaleDataError")
    return changed


__all__ = ["PROJECT", "Json", "guarded_update", "insert_unless_taken", "locking", "mine", "save", "stamped", "typed"]
