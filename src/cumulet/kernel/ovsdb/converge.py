"""From the rows that should be to the operations that are missing. Pure: it looks at a copy and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from .ops import Insert, Mutate, Op, Update
from .replica import Tables
from .schema import Map, Row, Value


class Parent(Struct, frozen=True):
    """The column that must reference a row: rows of tables that are not roots live only as long as something references them."""

    table: str
    uuid: str
    column: str


class Wanted(Struct, frozen=True):
    """A row that should be: these columns with these values; columns that are not named are somebody else's.

    Every one of `parents` must reference it. In maps named in `shared` others keep keys of their own; any other map is ours alone.
    """

    table: str
    uuid: str
    row: Row
    parents: tuple[Parent, ...] = ()
    shared: frozenset[str] = frozenset()


class Missing(Exception):
    """A row is wanted below a parent that does not exist (yet): what it belongs to has to be made first."""

    def __init__(self, table: str, uuid: str) -> None:
        super().__init__(f"there is no {table} {uuid}")
        self.table = table
        self.uuid = uuid


def converge(tables: Tables, wanted: Iterable[Wanted]) -> list[Op]:
    """The operations that make every wanted row be, and nothing if all are. Parents may be among the wanted rows.

    Raises Missing if a parent is neither there nor wanted.
    """
    rows = list(wanted)
    coming = {(each.table, each.uuid) for each in rows}
    ops: list[Op] = []
    for each in rows:
        present = tables[each.table].get(each.uuid)
        if present is None:
            ops.append(Insert(each.table, each.uuid, each.row))
        else:
            ops += _changes(each, present)
        for parent in each.parents:
            ops += _attach(tables, parent, each.uuid, coming)
    return ops


def detach(tables: Tables, parent: Parent, children: Iterable[str]) -> list[Op]:
    """Take those of `children` that the parent references out of its column; rows that nothing references any more are gone."""
    row = tables[parent.table].get(parent.uuid)
    there = references(row, parent.column) & frozenset(children) if row else frozenset()
    return [Mutate(parent.table, parent.uuid, parent.column, "delete", there)] if there else []


def references(row: Row, column: str) -> frozenset[str]:
    """The rows that a set column references."""
    value: Any = row[column]
    return value if isinstance(value, frozenset) else frozenset()


def _attach(tables: Tables, parent: Parent, uuid: str, coming: set[tuple[str, str]]) -> list[Op]:
    row = tables[parent.table].get(parent.uuid)
    if row is None and (parent.table, parent.uuid) not in coming:
        raise Missing(parent.table, parent.uuid)
    if row is not None and uuid in references(row, parent.column):
        return []
    return [Mutate(parent.table, parent.uuid, parent.column, "insert", frozenset({uuid}))]


def _changes(wanted: Wanted, present: Row) -> list[Op]:
    ops: list[Op] = []
    changed: dict[str, Value] = {}
    for column, value in wanted.row.items():
        if column in wanted.shared and isinstance(value, Mapping):
            ops += _merge(wanted, column, value, present[column])
        elif present[column] != value:
            changed[column] = value
    return [Update(wanted.table, wanted.uuid, changed), *ops] if changed else ops


def _merge(wanted: Wanted, column: str, value: Map, present: Value) -> list[Op]:
    """Set our keys in a map and leave the others': a mutation takes no part of the map that somebody changes meanwhile."""
    old = present if isinstance(present, Mapping) else {}
    new = {key: each for key, each in value.items() if old.get(key) != each}
    stale = frozenset(key for key in new if key in old)
    ops: list[Op] = []
    if stale:
        ops.append(Mutate(wanted.table, wanted.uuid, column, "delete", stale))
    if new:
        ops.append(Mutate(wanted.table, wanted.uuid, column, "insert", new))
    return ops
