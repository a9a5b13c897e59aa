"""Taking objects out again, by their ids alone. What is not there is gone already."""

from __future__ import annotations

from collections.abc import Iterable

from cumulet.kernel.ovsdb import Delete, Op, Parent, Tables, detach, references

from .routers import switch_side_removal
from .tables import ids_of, is_ours

_ROOTS = ("Logical_Switch", "Logical_Router", "Port_Group", "DHCP_Options")


def removal(tables: Tables, object_ids: Iterable[str]) -> list[Op]:
    """The operations that remove networks, subnets, ports, routers, floating IPs and security groups with all that is theirs."""
    ids = set(object_ids)
    ops: list[Op] = []
    for object_id in ids:
        if object_id in tables["Logical_Router"]:
            ops += _router_ends(tables, object_id)
        if object_id in tables["Logical_Switch_Port"]:
            network = ids_of(tables["Logical_Switch_Port"][object_id]).get("network", "")
            ops += detach(tables, Parent("Logical_Switch", network, "ports"), [object_id])
        if object_id in tables["NAT"]:
            router = ids_of(tables["NAT"][object_id]).get("router", "")
            ops += detach(tables, Parent("Logical_Router", router, "nat"), [object_id])
        ops += [Delete(table, object_id) for table in _ROOTS if object_id in tables[table]]
    return ops + _dhcp_of(tables, ids)


def unwanted(tables: Tables, wanted: set[str]) -> list[str]:
    """The ids of our switches, switch ports, routers, groups and DHCP rows that are not in `wanted`."""
    found = []
    for table in (*_ROOTS, "Logical_Switch_Port"):
        found += [uuid for uuid, row in tables[table].items() if is_ours(row) and uuid not in wanted]
    return found


def _router_ends(tables: Tables, router_id: str) -> list[Op]:
    ops: list[Op] = []
    for port in references(tables["Logical_Router"][router_id], "ports"):
        ops += switch_side_removal(tables, port)
    return ops


def _dhcp_of(tables: Tables, ids: set[str]) -> list[Op]:
    """The DHCP rows of networks and ports that go."""
    return [
        Delete("DHCP_Options", uuid)
        for uuid, row in tables["DHCP_Options"].items()
        if uuid not in ids and ids & {ids_of(row).get("network"), ids_of(row).get("port")}
    ]
