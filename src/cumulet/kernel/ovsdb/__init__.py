"""An OVSDB client (RFC 7047, and the monitor_cond_since extension of ovsdb-server(7)) for Open vSwitch and OVN.

    db = Ovsdb("unix:/run/nb.sock", "OVN_Northbound", {"Logical_Switch": None})
    await db.start()
    await db.transact([Insert("Logical_Switch", new_uuid(), {"name": "blue"})])
    db.tables["Logical_Switch"]          # row uuid -> column -> value: a live copy

Values are plain Python: a column of at most one value is that value or None, a column of several a frozenset, a map a dict; a
reference to a row is the row's UUID as text. When `transact` returns, the copy already has the transaction's effects.
"""

from .client import Ovsdb
from .converge import Missing, Parent, Wanted, converge, detach, references
from .ops import Delete, Insert, Mutate, Op, Update, Wait
from .replica import Change, Tables
from .rpc import JsonRpc, OvsdbError, ask
from .schema import Map, Row, Value

__all__ = [
    "Change",
    "Delete",
    "Insert",
    "JsonRpc",
    "Map",
    "Missing",
    "Mutate",
    "Op",
    "Ovsdb",
    "OvsdbError",
    "Parent",
    "Row",
    "Tables",
    "Update",
    "Value",
    "Wait",
    "Wanted",
    "ask",
    "converge",
    "detach",
    "references",
]
