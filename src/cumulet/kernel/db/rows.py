"""The four statements that nearly every table has, for tables whose columns are the fields of one row Struct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from .query import Query

R = TypeVar("R")


def insert(table: sa.Table) -> Query[Any]:
    """INSERT of a whole row: `tx.do(INSERT, **values(row))`."""
    return Query(sa.insert(table).values({c.name: sa.bindparam(c.name, type_=c.type) for c in table.columns}))


def update(table: sa.Table, key: str = "id") -> Query[Any]:
    """UPDATE of a whole row found by its key: `tx.do(UPDATE, b_key=row.id, **values(row))`."""
    columns = {c.name: sa.bindparam(c.name, type_=c.type) for c in table.columns if c.name != key}
    return Query(sa.update(table).where(table.c[key] == sa.bindparam("b_key")).values(columns))


def get(table: sa.Table, row: Callable[..., R], key: str = "id") -> Query[R]:
    """SELECT of one row by its key: `tx.one(GET, key=id)`."""
    return Query(sa.select(table).where(table.c[key] == sa.bindparam("key")), row)


def delete(table: sa.Table, key: str = "id") -> Query[Any]:
    """DELETE by a column: `tx.do(DELETE, key=id)`."""
    return Query(sa.delete(table).where(table.c[key] == sa.bindparam("key")))


def values(row: msgspec.Struct) -> dict[str, Any]:
    """A row's fields as keyword arguments."""
    return {name: getattr(row, name) for name in row.__struct_fields__}
