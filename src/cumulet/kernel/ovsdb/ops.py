"""The operations of a transaction (RFC 7047, section 5.2). Rows are named by UUID; None means every row of the table.

Inserts carry the new row's UUID, so that a retry of a transaction whose answer was lost is refused instead of done twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from .schema import Column, Row, Schema, Value


class Insert(Struct, frozen=True):
    """A new row. A row of a table that is not a root must be referenced at the end of the transaction, or it is gone."""

    table: str
    uuid: str
    row: Row


class Update(Struct, frozen=True):
    """Set these columns."""

    table: str
    uuid: str | None
    row: Row


class Mutate(Struct, frozen=True):
    """Add to or take from a column. Deleting from a map takes the set of keys."""

    table: str
    uuid: str | None
    column: str
    mutator: Literal["insert", "delete", "+=", "-="]
    value: Value


class Delete(Struct, frozen=True):
    """Remove the row if it is there. Rows of tables that are not roots go by Mutate of what references them."""

    table: str
    uuid: str


class Wait(Struct, frozen=True):
    """Go on only if the row's columns hold (`==`) or do not hold (`!=`) these values; otherwise the transaction is refused."""

    table: str
    uuid: str
    row: Row
    until: Literal["==", "!="] = "=="


Op = Insert | Update | Mutate | Delete | Wait


def encode_op(op: Op, schema: Schema) -> dict[str, Any]:
    """An operation for the wire. Raises KeyError for an unknown table or column, TypeError for a value of the wrong shape."""
    columns = schema[op.table]
    match op:
        case Insert():
            return {"op": "insert", "table": op.table, "uuid": op.uuid, "row": _encode_row(op.row, columns)}
        case Update():
            return {"op": "update", "table": op.table, "where": _where(op.uuid), "row": _encode_row(op.row, columns)}
        case Mutate():
            mutation = [op.column, op.mutator, columns[op.column].encode(op.value)]
            return {"op": "mutate", "table": op.table, "where": _where(op.uuid), "mutations": [mutation]}
        case Delete():
            return {"op": "delete", "table": op.table, "where": _where(op.uuid)}
        case Wait():
            row = _encode_row(op.row, columns)
            wanted = {"columns": list(row), "until": op.until, "rows": [row], "timeout": 0}
            return {"op": "wait", "table": op.table, "where": _where(op.uuid), **wanted}


def _encode_row(row: Row, columns: Mapping[str, Column]) -> dict[str, Any]:
    return {name: columns[name].encode(value) for name, value in row.items()}


def _where(uuid: str | None) -> list[Any]:
    return [] if uuid is None else [["_uuid", "==", ["uuid", uuid]]]
