"""A live copy of chosen tables and columns of an OVSDB database, fed with the server's updates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from .schema import Row, Schema

Tables = Mapping[str, Mapping[str, Row]]
"""Table to row UUID to row."""


class Change(Struct, frozen=True):
    """What happened to one row: `old` is None for a new one, `new` for one that is gone."""

    table: str
    uuid: str
    old: Row | None
    new: Row | None


class Replica:
    """The copy. `wanted` names each table with its columns, or with None for all of them."""

    def __init__(self, wanted: Mapping[str, frozenset[str] | None]) -> None:
        self._wanted = wanted
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in wanted}
        self._schema: Schema = {}
        self._watchers: dict[str, list[Callable[[Change], None]]] = {table: [] for table in wanted}

    def use_schema(self, schema: Schema) -> None:
        """Read updates by this schema from now on."""
        self._schema = {
            table: {name: column for name, column in schema[table].items() if columns is None or name in columns}
            for table, columns in self._wanted.items()
        }

    def columns(self) -> dict[str, list[str]]:
        """Each table's columns, by name."""
        return {table: sorted(columns) for table, columns in self._schema.items()}

    def watch(self, table: str, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call `callback` with each change of the table from now on; it must not block. Returns the function that ends this."""
        self._watchers[table].append(callback)
        return lambda: self._watchers[table].remove(callback)

    def apply(self, updates: Any) -> None:
        """Take over the server's update: `<table-updates2>` of ovsdb-server(7)."""
        for table, rows in updates.items():
            for uuid, update in rows.items():
                old = self.tables[table].get(uuid)
                self._put(table, uuid, None if "delete" in update else self._new_row(table, old, update))

    def replace(self, updates: Any) -> None:
        """Take over a whole new content; only what differs from the old one is told to watchers."""
        for table, rows in self.tables.items():
            for uuid in rows.keys() - updates.get(table, {}).keys():
                self._put(table, uuid, None)
        for table, rows in updates.items():
            for uuid, update in rows.items():
                self._put(table, uuid, self._new_row(table, None, update))

    def _new_row(self, table: str, old: Row | None, update: Any) -> Row:
        columns = self._schema[table]
        if "modify" in update:
            if old is None:
                raise ValueError(f"an update modifies row {update} of {table}, which is not in the copy")
            return {**old, **{name: columns[name].patched(old[name], w) for name, w in update["modify"].items()}}
        given = update.get("initial") or update.get("insert") or {}
        return {name: c.decode(given[name]) if name in given else c.default() for name, c in columns.items()}

    def _put(self, table: str, uuid: str, new: Row | None) -> None:
        rows = self.tables[table]
        old = rows.get(uuid)
        if new == old:
            return
        if new is None:
            del rows[uuid]
        else:
            rows[uuid] = new
        for watcher in list(self._watchers[table]):
            try:
                watcher(Change(table, uuid, old, new))
            except Exception:
                # One watcher's mistake must not cost everybody the connection.
                logging.getLogger(__name__).exception("a watcher of table %s failed", table)
