"""The northbound tables that Cumulet writes, and the names and marks it puts there. Facts: ovn-nb(5).

Each row of ours has `cumulet` in its external_ids, with the kind of thing it stands for; rows without it are somebody else's
and never touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_interface, ip_network

from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.ovsdb import Row

from ..model import FixedIp, Subnet

NORTHBOUND = {
    "Logical_Switch": frozenset({"name", "ports", "other_config", "external_ids"}),
    "Logical_Switch_Port": frozenset(
        {
            "name",
            "type",
            "options",
            "tag",
            "addresses",
            "port_security",
            "enabled",
            "up",
            "dhcpv4_options",
            "dhcpv6_options",
            "external_ids",
        }
    ),
    "Logical_Router": frozenset({"name", "enabled", "ports", "static_routes", "nat", "options", "external_ids"}),
    "Logical_Router_Port": frozenset({"name", "mac", "networks", "options", "ipv6_ra_configs", "gateway_chassis", "external_ids"}),
    "Logical_Router_Static_Route": frozenset({"ip_prefix", "nexthop", "external_ids"}),
    "NAT": frozenset({"type", "external_ip", "logical_ip", "logical_port", "external_ids"}),
    "Gateway_Chassis": frozenset({"name", "chassis_name", "priority", "external_ids"}),
    "DHCP_Options": frozenset({"cidr", "options", "external_ids"}),
    "Port_Group": frozenset({"name", "ports", "acls", "external_ids"}),
    "ACL": frozenset({"direction", "priority", "match", "action", "external_ids"}),
}
SOUTHBOUND = {
    "Chassis": frozenset({"name", "other_config", "external_ids"}),
    "Port_Binding": frozenset({"logical_port", "chassis"}),
}
MARK = "cumulet"
WAY_OUT = "way out"
"""The kind of a router's port on its external network."""


def mark(kind: str, **ids: str) -> dict[str, str]:
    """The external_ids of a row of ours."""
    return {MARK: kind, **ids}


def ids_of(row: Row) -> dict[str, str]:
    """A row's external_ids."""
    ids = row["external_ids"]
    return {str(key): str(value) for key, value in ids.items()} if isinstance(ids, dict) else {}


def is_ours(row: Row) -> bool:
    """Whether Cumulet made the row."""
    return MARK in ids_of(row)


def router_port_name(port_id: str) -> str:
    """The name of the router's side of an interface; the switch's side has the port's id."""
    return f"lrp-{port_id}"


def router_port_uuid(port_id: str) -> str:
    """The UUID of the router's side of an interface."""
    return derived_uuid(port_id, "router port")


def with_prefixes(fixed_ips: Iterable[FixedIp], subnets: Iterable[Subnet]) -> list[str]:
    """Each address with its subnet's prefix length: 10.0.0.1/24."""
    lengths = {subnet.id: ip_network(subnet.cidr).prefixlen for subnet in subnets}
    return [str(ip_interface(f"{ip.ip_address}/{lengths[ip.subnet_id]}")) for ip in fixed_ips if ip.subnet_id in lengths]
