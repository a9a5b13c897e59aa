"""A router is a distributed logical router; its way out is a port that one of several gateway hosts carries."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.ovsdb import Op, Parent, Tables, Value, Wanted, detach, references

from ..desired import DesiredInterface, DesiredRouter
from ..model import FLAT, STATEFUL, STATELESS, VLAN
from .tables import WAY_OUT, ids_of, mark, router_port_name, router_port_uuid, with_prefixes

_MOST_GATEWAYS = 5
_RA_MODES = {STATEFUL: "dhcpv6_stateful", STATELESS: "dhcpv6_stateless"}


def router_rows(desired: DesiredRouter, gateways: Sequence[str]) -> list[Wanted]:
    """Everything about a router. `gateways` are the ids of the hosts that can carry a way out."""
    router = desired.router
    row: dict[str, Value] = {
        "name": router.id,
        "enabled": router.admin_state_up,
        # Routers learn a neighbour when they need it, not from every packet they see.
        "options": {"always_learn_from_arp_request": "false", "dynamic_neigh_routers": "true"},
        "external_ids": mark("router", name=router.name),
    }
    rows = [Wanted("Logical_Router", router.id, row)]
    for interface in desired.interfaces:
        rows += _interface_rows(router.id, interface, "router port", _inside_options(desired, interface))
    if desired.gateway is not None:
        rows += _interface_rows(router.id, desired.gateway, WAY_OUT, {})
        rows += gateway_rows(router.id, desired.gateway.port.id, gateways)
    return rows + _route_rows(desired) + _nat_rows(desired)


def gateway_rows(router_id: str, port_id: str, hosts: Sequence[str]) -> list[Wanted]:
    """Which hosts carry a router's way out, the first one that lives does.

    Each router has an order of its own, so that routers are spread, and a new host takes over only its share.
    """
    chosen = sorted(hosts, key=lambda host: derived_uuid(router_id, host))[:_MOST_GATEWAYS]
    parent = Parent("Logical_Router_Port", router_port_uuid(port_id), "gateway_chassis")
    return [
        Wanted(
            "Gateway_Chassis",
            _gateway_uuid(port_id, host),
            {
                "name": f"{router_port_name(port_id)}_{host}",
                "chassis_name": host,
                "priority": _MOST_GATEWAYS - place,
                "external_ids": mark("gateway"),
            },
            (parent,),
        )
        for place, host in enumerate(chosen)
    ]


def stale_rows(tables: Tables, desired: DesiredRouter, wanted: Sequence[Wanted]) -> list[Op]:
    """Take out what the router should no longer have: `wanted` are its rows."""
    router = tables["Logical_Router"].get(desired.router.id)
    if router is None:
        return []
    keep = {row.uuid for row in wanted}
    ops: list[Op] = []
    for port_row in references(router, "ports") - keep:
        ops += switch_side_removal(tables, port_row)
    for column in ("ports", "static_routes", "nat"):
        gone = references(router, column) - keep
        ops += detach(tables, Parent("Logical_Router", desired.router.id, column), gone)
    if desired.gateway is not None:
        ops += stale_gateways(tables, desired.gateway.port.id, keep)
    return ops


def stale_gateways(tables: Tables, port_id: str, keep: set[str]) -> list[Op]:
    """Take a way out from hosts that should no longer carry it."""
    uuid = router_port_uuid(port_id)
    present = tables["Logical_Router_Port"].get(uuid)
    gone = references(present, "gateway_chassis") - keep if present else frozenset()
    return detach(tables, Parent("Logical_Router_Port", uuid, "gateway_chassis"), gone)


def switch_side_removal(tables: Tables, router_port: str) -> list[Op]:
    """Take the other end of a router's port out of its switch."""
    row = tables["Logical_Router_Port"].get(router_port)
    if row is None:
        return []
    ids = ids_of(row)
    return detach(tables, Parent("Logical_Switch", ids.get("network", ""), "ports"), [ids.get("port", "")])


def _interface_rows(router_id: str, interface: DesiredInterface, kind: str, options: dict[str, str]) -> list[Wanted]:
    """Both ends of a router's port: on the router, and on the network's switch."""
    port, network = interface.port, interface.network
    name, ids = router_port_name(port.id), {"network": network.id, "router": router_id}
    inner: dict[str, Value] = {
        "name": name,
        "mac": port.row.mac_address,
        "networks": frozenset(with_prefixes(port.fixed_ips, interface.subnets)),
        "options": options,
        "ipv6_ra_configs": _router_advertisements(interface),
        "external_ids": mark(kind, port=port.id, **ids),
    }
    # The router's own addresses outside are announced, so that the outside world finds them after a change of host.
    announced = {"nat-addresses": "router"} if kind == WAY_OUT else {}
    outer: dict[str, Value] = {
        "name": port.id,
        "type": "router",
        "addresses": frozenset({"router"}),
        "options": {"router-port": name, **announced},
        "enabled": port.row.admin_state_up,
        "external_ids": mark("router side", **ids),
    }
    return [
        Wanted("Logical_Router_Port", router_port_uuid(port.id), inner, (Parent("Logical_Router", router_id, "ports"),)),
        Wanted("Logical_Switch_Port", port.id, outer, (Parent("Logical_Switch", network.id, "ports"),)),
    ]


def _inside_options(desired: DesiredRouter, interface: DesiredInterface) -> dict[str, str]:
    # On a physical network every host would answer for the router's address; only the one with the way out may.
    physical = interface.network.network_type in (VLAN, FLAT)
    return {"reside-on-redirect-chassis": "true"} if physical and desired.gateway else {}


def _router_advertisements(interface: DesiredInterface) -> dict[str, str]:
    subnet = next((each for each in interface.subnets if each.ip_version == 6 and each.ipv6_ra_mode), None)
    if subnet is None:
        return {}
    configs = {
        "address_mode": _RA_MODES.get(subnet.ipv6_address_mode or subnet.ipv6_ra_mode or "", "slaac"),
        "send_periodic": "true",
        "mtu": str(interface.network.mtu),
    }
    if subnet.dns_nameservers:
        configs["rdnss"] = subnet.dns_nameservers[0]
    return configs


def _route_rows(desired: DesiredRouter) -> list[Wanted]:
    """The user's routes, and the default route through the gateway's subnets."""
    router_id, routes = desired.router.id, [(each.destination, each.nexthop) for each in desired.router.routes]
    for subnet in desired.gateway.subnets if desired.gateway else ():
        if subnet.gateway_ip:
            routes.append(("0.0.0.0/0" if subnet.ip_version == 4 else "::/0", subnet.gateway_ip))
    return [
        Wanted(
            "Logical_Router_Static_Route",
            derived_uuid(router_id, "route", prefix, nexthop),
            {"ip_prefix": prefix, "nexthop": nexthop, "external_ids": mark("route")},
            (Parent("Logical_Router", router_id, "static_routes"),),
        )
        for prefix, nexthop in dict.fromkeys(routes)
    ]


def _nat_rows(desired: DesiredRouter) -> list[Wanted]:
    """Floating IPs, and what hides the inside networks behind the gateway's address."""
    if desired.gateway is None:
        return []
    router_id = desired.router.id
    rows: list[tuple[str, dict[str, Value]]] = []
    addresses = [each.ip_address for each in desired.gateway.port.fixed_ips]
    outside = next((each for each in addresses if ip_address(each).version == 4), None)
    inside = [subnet.cidr for interface in desired.interfaces for subnet in interface.subnets if subnet.ip_version == 4]
    if outside and desired.router.enable_snat:
        for cidr in dict.fromkeys(str(ip_network(each)) for each in inside):
            uuid = derived_uuid(router_id, "snat", cidr)
            rows.append((uuid, {"type": "snat", "external_ip": outside, "logical_ip": cidr, "external_ids": mark("snat")}))
    for each in desired.floating_ips:
        floating = each.floating
        row: dict[str, Value] = {
            "type": "dnat_and_snat",
            "external_ip": floating.address,
            "logical_ip": floating.fixed_address or "",
            "logical_port": floating.port_id,
            "external_ids": mark("floating ip", router=router_id),
        }
        rows.append((floating.id, row))
    parent = Parent("Logical_Router", router_id, "nat")
    return [Wanted("NAT", uuid, row, (parent,)) for uuid, row in rows]


def _gateway_uuid(port_id: str, host: str) -> str:
    return derived_uuid(port_id, "gateway", host)
