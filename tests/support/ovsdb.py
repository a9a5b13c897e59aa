"""A small model of the northbound database: what a list of operations makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cumulet.kernel.ovsdb import Delete, Insert, Mutate, Op, Row, Update
from cumulet.network.ovn.tables import NORTHBOUND

_SETS = frozenset({"ports", "acls", "nat", "static_routes", "gateway_chassis", "addresses", "port_security", "networks"})
_MAPS = frozenset({"options", "external_ids", "other_config", "ipv6_ra_configs"})
_STRONG = (
    ("Logical_Switch", "ports", "Logical_Switch_Port"),
    ("Logical_Router", "ports", "Logical_Router_Port"),
    ("Logical_Router", "nat", "NAT"),
    ("Logical_Router", "static_routes", "Logical_Router_Static_Route"),
    ("Logical_Router_Port", "gateway_chassis", "Gateway_Chassis"),
    ("Port_Group", "acls", "ACL"),
)


class Northbound:
    """The tables, and the rules of OVSDB that matter: explicit ids, rows die with their last reference, weak ones vanish."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in NORTHBOUND}

    def do(self, ops: Sequence[Op]) -> None:
        """Carry out a transaction. Raises AssertionError where ovsdb-server would refuse."""
        for op in ops:
            self._one(op)
        self._check_references()
        self._drop_weak()
        while self._collect():
            pass

    def names(self, table: str) -> set[Any]:
        """The names of a table's rows."""
        return {row["name"] for row in self.tables[table].values()}

    def _one(self, op: Op) -> None:
        rows = self.tables[op.table]
        match op:
            case Insert():
                assert op.uuid not in rows, f"duplicate uuid {op.uuid} in {op.table}"
                rows[op.uuid] = {**_defaults(op.table), **_checked(op.table, op.row)}
            case Update():
                assert op.uuid in rows
                rows[op.uuid] = {**rows[op.uuid], **_checked(op.table, op.row)}
            case Delete():
                rows.pop(op.uuid, None)
            case Mutate() if op.uuid in rows:
                old, value = rows[op.uuid][op.column], op.value
                assert isinstance(old, frozenset)
                assert isinstance(value, frozenset)
                rows[op.uuid] = {**rows[op.uuid], op.column: old | value if op.mutator == "insert" else old - value}

    def _check_references(self) -> None:
        for table, column, target in _STRONG:
            for row in self.tables[table].values():
                missing = row[column] - self.tables[target].keys()  # type: ignore[operator]
                assert not missing, f"{table}.{column} references {missing}"

    def _drop_weak(self) -> None:
        ports, dhcp = self.tables["Logical_Switch_Port"], self.tables["DHCP_Options"]
        for uuid, row in self.tables["Port_Group"].items():
            self.tables["Port_Group"][uuid] = {**row, "ports": frozenset(row["ports"] & ports.keys())}  # type: ignore[operator]
        for uuid, row in ports.items():
            for column in ("dhcpv4_options", "dhcpv6_options"):
                if row[column] not in dhcp:
                    ports[uuid] = {**ports[uuid], column: None}

    def _collect(self) -> bool:
        collected = False
        for target in {target for _, _, target in _STRONG}:
            used: set[str] = set()
            for table, column, found in _STRONG:
                if found == target:
                    used.update(*(row[column] for row in self.tables[table].values()))  # type: ignore[arg-type]
            for uuid in self.tables[target].keys() - used:
                del self.tables[target][uuid]
                collected = True
        return collected


def _defaults(table: str) -> dict[str, Any]:
    return {name: frozenset() if name in _SETS else {} if name in _MAPS else None for name in NORTHBOUND[table]}


def _checked(table: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = row.keys() - NORTHBOUND[table]
    assert not unknown, f"{table} has no {unknown}"
    return row
