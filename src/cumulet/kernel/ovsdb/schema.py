"""OVSDB's types: what a column holds, and its values to and from the wire (RFC 7047, sections 3.2 and 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

Atom = str | int | float | bool
Map = Mapping[Any, Any]
"""A column that holds a map, of atoms to atoms."""
Value = Atom | None | frozenset[Atom] | Map
Row = Mapping[str, Value]

_DEFAULTS: dict[str, Atom] = {
    "string": "",
    "integer": 0,
    "real": 0.0,
    "boolean": False,
    "uuid": "00000000-0000-0000-0000-000000000000",
}


class Column(Struct, frozen=True):
    """The type of a column: `shape` says how many values, `key` and `value` (of a map) of which atomic type."""

    shape: Literal["one", "optional", "set", "map"]
    key: str
    value: str = ""

    def default(self) -> Value:
        """What a new row holds if nobody said anything; the server leaves such columns out of its messages."""
        match self.shape:
            case "one":
                return _DEFAULTS[self.key]
            case "optional":
                return None
            case "set":
                return frozenset()
            case "map":
                return {}

    def decode(self, wire: Any) -> Value:
        """A value from the wire."""
        if self.shape == "map":
            return {_atom(key): _atom(value) for key, value in wire[1]}
        members = wire[1] if isinstance(wire, list) and wire[0] == "set" else [wire]
        if self.shape == "set":
            return frozenset(_atom(member) for member in members)
        return _atom(members[0]) if members else None

    def encode(self, value: Value) -> Any:
        """A value for the wire. Raises TypeError if it does not have the column's shape."""
        if isinstance(value, Mapping):
            if self.shape != "map":
                raise TypeError(f"a column of shape {self.shape!r} cannot hold a map")
            return ["map", [[_wire(self.key, k), _wire(self.value, v)] for k, v in sorted(value.items(), key=str)]]
        if isinstance(value, frozenset):
            if self.shape not in ("set", "map"):
                raise TypeError(f"a column of shape {self.shape!r} cannot hold a set")
            return ["set", [_wire(self.key, member) for member in sorted(value, key=str)]]
        if self.shape in ("set", "map") or (value is None and self.shape == "one"):
            raise TypeError(f"a column of shape {self.shape!r} cannot hold {value!r}")
        return ["set", []] if value is None else _wire(self.key, value)

    def patched(self, old: Value, wire: Any) -> Value:
        """`old` after a "modify" of an update: sets and maps travel as differences, anything else as the new value."""
        change = self.decode(wire)
        if isinstance(change, frozenset) and isinstance(old, frozenset):
            return old ^ change
        if isinstance(change, Mapping) and isinstance(old, Mapping):
            gone = {key for key, value in change.items() if key in old and old[key] == value}
            return {key: value for key, value in {**old, **change}.items() if key not in gone}
        return change


Schema = Mapping[str, Mapping[str, Column]]
"""Table to column name to type."""


def parse_schema(wire: Any) -> Schema:
    """The server's answer to get_schema."""
    return {
        name: {column: _column(described["type"]) for column, described in table["columns"].items()}
        for name, table in wire["tables"].items()
    }


def _column(kind: Any) -> Column:
    if isinstance(kind, str):
        return Column("one", kind)
    key = _base(kind["key"])
    if "value" in kind:
        return Column("map", key, _base(kind["value"]))
    if kind.get("max", 1) != 1:
        return Column("set", key)
    return Column("one" if kind.get("min", 1) else "optional", key)


def _base(kind: Any) -> str:
    return str(kind if isinstance(kind, str) else kind["type"])


def _atom(wire: Any) -> Atom:
    atom: Atom = wire[1] if isinstance(wire, list) else wire
    return atom


def _wire(kind: str, atom: Atom) -> Any:
    return ["uuid", atom] if kind == "uuid" else atom
