"""Lists with filters, sorting and marker paging: one compiled statement per set of filter names, kept for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from msgspec import Struct

from ..errors import Invalid
from .protocol import Reader
from .query import Query, among

R = TypeVar("R")

Clause = sa.ColumnElement[Any]
Custom = Callable[[str, str], Clause]
"""A filter that is not one column: (operator, parameter name) to a condition."""


class Condition(Struct, frozen=True):
    """`name` is a declared filter; `op` is eq, ne, in, nin, lt, lte, gt, gte, like, null or notnull.

    `like` takes SQL's pattern, with a backslash before a literal % or _, and does not mind upper or lower case; null and notnull
    take no value.
    """

    name: str
    value: Any = None
    op: str = "eq"


class Page(Struct, frozen=True):
    """What part of a list is wanted. `sort` holds (declared key, descending); `marker` is the id of the row before the first."""

    conditions: Sequence[Condition] = ()
    sort: Sequence[tuple[str, bool]] = ()
    limit: int | None = None
    marker: str | None = None
    backwards: bool = False

    def where(self, name: str, value: Any, op: str = "eq") -> Page:
        """The same page with one more condition."""
        return Page((*self.conditions, Condition(name, value, op)), self.sort, self.limit, self.marker, self.backwards)


_OPERATORS: dict[str, Callable[[Clause, sa.BindParameter[Any]], Clause]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "like": lambda column, value: column.ilike(value, escape="\\"),
}


def _condition(source: Clause | Custom, op: str, name: str) -> Clause:
    if not isinstance(source, sa.ColumnElement):
        return source(op, name)
    if op in ("in", "nin"):
        inside = among(source, name)
        return inside if op == "in" else sa.not_(inside)
    if op in ("null", "notnull"):
        return source.is_(None) if op == "null" else source.is_not(None)
    return _OPERATORS[op](source, sa.bindparam(name, type_=source.type))


def _orderable(column: Clause) -> Clause:
    """The same order on every database, NULLs among the first, and comparable with a marker's value."""
    if isinstance(column, sa.Column) and not column.nullable:
        return column
    if isinstance(column.type, sa.Boolean):
        return sa.func.coalesce(column, sa.false(), type_=sa.Boolean())
    return sa.func.coalesce(column, -1 if isinstance(column.type, sa.Integer | sa.Float) else "")


class Listing(Generic[R]):
    """A list of rows.

    `select` names columns and joins; `key` is the unique column that a marker holds and that breaks ties in the order; `sorts` and
    `filters` declare what may be asked for; `default` is the order when none is asked for.
    """

    def __init__(
        self,
        select: sa.Select[Any],
        row: Callable[..., R],
        *,
        key: Clause,
        sorts: Mapping[str, Clause],
        filters: Mapping[str, Clause | Custom],
        default: Sequence[tuple[str, bool]],
    ) -> None:
        self.select, self.row, self.key = select, row, key
        self.sorts, self.filters, self.default = sorts, filters, default
        self._queries: dict[Any, Query[Any]] = {}

    async def page(self, tx: Reader, page: Page) -> list[R]:
        """The rows of one page, in order. Raises Invalid for an undeclared filter or sort key and for an unknown marker."""
        sort = tuple(page.sort) or tuple(self.default)
        values = {f"f{at}": c.value for at, c in enumerate(page.conditions) if c.op not in ("null", "notnull")}
        if page.marker is not None:
            values |= await self._marker(tx, page, sort)
        if page.limit is not None:
            values["page_limit"] = page.limit
        names = tuple((c.name, c.op) for c in page.conditions)
        shape = (names, sort, page.limit is not None, page.marker is not None, page.backwards)
        query = self._queries.get(shape)
        if query is None:
            query = self._queries[shape] = Query(self._statement(*shape), self.row)
        rows = await tx.all(query, **values)
        return rows[::-1] if page.backwards else rows

    async def count(self, tx: Reader, conditions: Sequence[Condition]) -> int:
        """How many rows meet the conditions."""
        shape = ("count", tuple((c.name, c.op) for c in conditions))
        query = self._queries.get(shape)
        if query is None:
            inner = self.select.where(*self._where(shape[1])).subquery()
            query = self._queries[shape] = Query(sa.select(sa.func.count()).select_from(inner))
        values = {f"f{at}": c.value for at, c in enumerate(conditions) if c.op not in ("null", "notnull")}
        found = await tx.one(query, **values)
        return int(found[0]) if found else 0

    def _where(self, names: Any) -> list[Clause]:
        unknown = [name for name, _ in names if name not in self.filters]
        if unknown:
            raise Invalid(f"'{unknown[0]}' cannot be filtered by.")
        return [_condition(self.filters[name], op, f"f{at}") for at, (name, op) in enumerate(names)]

    def _statement(self, names: Any, sort: Any, limited: bool, marked: bool, backwards: bool) -> sa.Select[Any]:
        keys = self._sort_columns(sort)
        ordered = [(column, descending != backwards) for column, descending in keys]
        statement = self.select.where(*self._where(names))
        if marked:
            statement = statement.where(_after(ordered))
        statement = statement.order_by(*(c.desc() if descending else c.asc() for c, descending in ordered))
        return statement.limit(sa.bindparam("page_limit", type_=sa.Integer())) if limited else statement

    def _sort_columns(self, sort: Any) -> list[tuple[Clause, bool]]:
        unknown = [key for key, _ in sort if key not in self.sorts]
        if unknown:
            raise Invalid(f"'{unknown[0]}' is not a valid sort key; one of {', '.join(sorted(self.sorts))} is.")
        last = sort[-1][1] if sort else False
        return [(_orderable(self.sorts[key]), descending) for key, descending in sort] + [(self.key, last)]

    async def _marker(self, tx: Reader, page: Page, sort: Any) -> dict[str, Any]:
        shape = ("marker", sort)
        query = self._queries.get(shape)
        if query is None:
            columns = [column for column, _ in self._sort_columns(sort)]
            statement = self.select.with_only_columns(*columns, maintain_column_froms=True)
            query = self._queries[shape] = Query(statement.where(self.key == sa.bindparam("marker")))
        found = await tx.one(query, marker=page.marker)
        if found is None:
            raise Invalid(f"Marker '{page.marker}' could not be found.", code="marker")
        return {f"m{at}": value for at, value in enumerate(found)}


def _after(ordered: list[tuple[Clause, bool]]) -> Clause:
    """(a, b, id) beyond the marker's values, column by column, each in its own direction."""
    choices: list[Clause] = []
    for at, (column, descending) in enumerate(ordered):
        mark = sa.bindparam(f"m{at}", type_=column.type)
        beyond = column < mark if descending else column > mark
        equal = [c == sa.bindparam(f"m{i}", type_=c.type) for i, (c, _) in enumerate(ordered[:at])]
        choices.append(sa.and_(*equal, beyond))
    return sa.or_(*choices)
