"""Statements, compiled once per dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg as pg_asyncpg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import sum as Sum
from typing_extensions import TypeVar

from ..errors import Invalid

R = TypeVar("R", default=Any)

metadata = sa.MetaData()
"""Every table of every service."""

SQLITE: sa.Dialect = sqlite.dialect(paramstyle="qmark")
POSTGRES: sa.Dialect = pg_asyncpg.dialect()  # type: ignore[no-untyped-call]


class Json(sa.types.UserDefinedType[Any]):
    """A column of JSON text; values go in and come out as Python objects."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The same on every dialect: nothing is ever searched inside."""
        return "TEXT"


class _Values(sa.types.UserDefinedType[Any]):
    """The type of a parameter that is a whole list."""

    cache_ok = True


class among(ColumnElement[bool]):
    """`column` is one of the values of the list parameter `name`, which may be empty: `where(among(T.c.id, "ids"))`."""

    inherit_cache = False
    type = sa.Boolean()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.values = sa.bindparam(name, type_=_Values())

    def self_group(self, against: Any = None) -> among:
        """As it is: SQLAlchemy would write `… IN (…) = 1` for SQLite, which then uses no index."""
        return self


@compiles(sa.Integer, "postgresql")
def _wide_integer(element: sa.Integer, compiler: Any, **kw: Any) -> str:
    """An Integer has 64 bits, as SQLite's has; but not where SQLAlchemy, for Alembic, asks PostgreSQL about its own tables."""
    of_parameter = "identifier_preparer" in kw and "type_expression" not in kw
    return "INTEGER" if of_parameter and compiler.dialect is not POSTGRES else "BIGINT"


@compiles(Sum, "postgresql")
def _integer_sum(element: Sum[Any], compiler: SQLCompiler, **kw: Any) -> str:
    """A sum of Integers is one, as in SQLite; PostgreSQL makes a NUMERIC of it, which Python gets as a Decimal."""
    text = compiler.visit_function(element, **kw)
    return f"CAST({text} AS BIGINT)" if isinstance(element.type, sa.Integer) else text


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{compiler.process(element.column, **kw)} IN (SELECT value FROM json_each({compiler.process(element.values)}))"


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: SQLCompiler, **kw: Any) -> str:
    array = "BIGINT[]" if isinstance(element.column.type, sa.Integer) else "TEXT[]"
    return f"{compiler.process(element.column, **kw)} = ANY(CAST({compiler.process(element.values)} AS {array}))"


def _json_text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _json_value(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)


class Compiled:
    """A statement's text for one dialect, with what its values need on the way in and out."""

    __slots__ = ("fixed", "inward", "names", "outward", "sql")

    def __init__(self, statement: sa.Executable, dialect: sa.Dialect) -> None:
        made: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(made)
        self.names: tuple[str, ...] = tuple(made.positiontup or ())
        self.fixed: dict[str, Any] = {n: v for n, v in made.params.items() if not made.binds[n].required}
        lists = _json_text if dialect is SQLITE else list
        converters: dict[str, Callable[[Any], Any]] = {}
        for name in self.names:
            kind = made.binds[name].type
            if isinstance(kind, Json):
                converters[name] = _json_text
            elif isinstance(kind, _Values):
                converters[name] = lists
        self.fixed = {n: converters[n](v) if n in converters else v for n, v in self.fixed.items()}
        self.inward = [(at, name, converters[name]) for at, name in enumerate(self.names) if name in converters]
        columns = list(getattr(statement, "exported_columns", ()))
        self.outward: list[tuple[int, Callable[[Any], Any]]] = [
            (at, _json_value if isinstance(column.type, Json) else _flag)
            for at, column in enumerate(columns)
            if isinstance(column.type, Json | sa.Boolean)
        ]


class Query(Generic[R]):
    """A statement and what its rows become: `Query(select, ServerRow)`; without a row type, tuples.

    Bound parameters without a value of their own are keyword arguments of `tx.one/all/do`. In an UPDATE, name the parameters of the
    WHERE clause differently from the columns that are set (`b_id`).
    """

    __slots__ = ("_compiled", "row", "statement")

    def __init__(self, statement: sa.Executable, row: Callable[..., R] | None = None) -> None:
        self.statement = statement
        self.row = row
        self._compiled: dict[int, Compiled] = {}

    def compiled(self, dialect: sa.Dialect) -> Compiled:
        """The statement for `dialect`, from the second time on without work."""
        made = self._compiled.get(id(dialect))
        if made is None:
            made = self._compiled[id(dialect)] = Compiled(self.statement, dialect)
        return made

    def bind(self, dialect: sa.Dialect, values: dict[str, Any]) -> tuple[Compiled, list[Any]]:
        """The compiled statement and its arguments in order. Raises KeyError for a value that is missing."""
        made = self.compiled(dialect)
        fixed = made.fixed
        if fixed:
            arguments = [values[name] if name in values else fixed[name] for name in made.names]
        else:
            arguments = [values[name] for name in made.names]
        for at, name, convert in made.inward:
            if name in values:
                arguments[at] = convert(arguments[at])
        return made, arguments

    def shape(self, made: Compiled, raw: Sequence[Any]) -> R:
        """A raw row as this query's row type."""
        if made.outward:
            raw = list(raw)
            for at, convert in made.outward:
                raw[at] = convert(raw[at])
        if self.row is None:
            return tuple(raw)  # type: ignore[return-value]
        return self.row(*raw)

    def shapes(self, made: Compiled, raws: Sequence[Sequence[Any]]) -> list[R]:
        """Raw rows as this query's row type."""
        row = self.row
        if made.outward or row is None:
            return [self.shape(made, raw) for raw in raws]
        return [row(*raw) for raw in raws]


def oversized(made: Compiled, arguments: Sequence[Any]) -> Invalid:
    """What to tell whoever sent a number that no column can hold: INTEGER has 64 bits."""
    pairs = zip(made.names, arguments, strict=True)
    names = [name.removeprefix("b_") for name, value in pairs if isinstance(value, int) and not -(2**63) <= value < 2**63]
    return Invalid(f"Invalid input for field/attribute {' or '.join(names) or 'body'}. A number of at most 64 bits is expected.")


def create_statements(tables: Sequence[sa.MetaData], dialect: sa.Dialect) -> list[str]:
    """The CREATE TABLE and CREATE INDEX statements, each harmless when the thing exists."""
    found = []
    for table in (table for each in tables for table in each.sorted_tables):
        found.append(str(sa.schema.CreateTable(table, if_not_exists=True).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda i: str(i.name)):
            found.append(str(sa.schema.CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))
    return found


__all__ = ["POSTGRES", "SQLITE", "Compiled", "Json", "Query", "among", "create_statements", "metadata", "oversized"]
