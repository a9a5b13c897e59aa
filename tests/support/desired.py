"""Networks as a driver is told them, made short."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import msgspec

from cumulet.kernel.ids import derived_uuid
from cumulet.network.desired import (
    DesiredFloatingIp,
    DesiredGroup,
    DesiredInterface,
    DesiredNetwork,
    DesiredPort,
    DesiredRouter,
)
from cumulet.network.model import (
    DHCP_OWNER,
    FLAT,
    GATEWAY_OWNER,
    GENEVE,
    INTERFACE_OWNER,
    FixedIp,
    FloatingIp,
    Network,
    Port,
    PortRow,
    Router,
    SecurityGroup,
    SecurityRule,
    Subnet,
)


def made(kind: type, **fields: Any) -> Any:
    """A Struct of this kind with the given fields; the others are empty."""
    blank: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        origin = getattr(field.type, "__origin__", field.type)
        blank[field.name] = {list: [], dict: {}, str: "", bool: False, int: 0}.get(origin)
    return kind(**{**blank, **fields})


def uid(name: str) -> str:
    """The UUID that goes with a name in tests."""
    return derived_uuid("test", name)


def mac_of(name: str) -> str:
    """The MAC address that goes with a name in tests."""
    digits = uid(name).replace("-", "")
    return f"fa:16:3e:{digits[:2]}:{digits[2:4]}:{digits[4:6]}"


def network(name: str, **fields: Any) -> Network:
    """A tunnelled network, or with external=True the flat external one."""
    outside = {"network_type": FLAT, "physical_network": "physnet1", "mtu": 1500} if fields.get("external") else {}
    defaults = {"network_type": GENEVE, "mtu": 1442, "admin_state_up": True, "port_security_enabled": True}
    found: Network = made(Network, **{"id": uid(name), "name": name, **defaults, **outside, **fields})
    return found


def subnet(of: Network, cidr: str, **fields: Any) -> Subnet:
    """A subnet with DHCP and the first address as its gateway."""
    block = ip_network(cidr)
    fields = {"gateway_ip": str(block[1]), "enable_dhcp": True, "ip_version": block.version, **fields}
    found: Subnet = made(Subnet, id=uid(f"{of.name} {cidr}"), network_id=of.id, cidr=cidr, **fields)
    return found


def port(name: str, of: Network, *addresses: tuple[Subnet, str], groups: tuple[str, ...] = (), **fields: Any) -> Port:
    """A port of a server with these addresses, filtered by the groups of these names."""
    defaults = {"admin_state_up": True, "port_security_enabled": True, "mac_address": mac_of(name)}
    row = made(PortRow, **{"id": uid(name), "name": name, "network_id": of.id, **defaults, **fields})
    return Port(row, [FixedIp(each.id, ip) for each, ip in addresses], [uid(group) for group in groups])


def desired_network(of: Network, *subnets: Subnet) -> DesiredNetwork:
    """The network with its subnets; the one with DHCP has its service port at each subnet's second address."""
    served = [(each, str(ip_network(each.cidr)[2])) for each in subnets if each.enable_dhcp]
    service = port(f"{of.name} service", of, *served, device_owner=DHCP_OWNER) if served and not of.external else None
    return DesiredNetwork(of, list(subnets), service)


def desired_port(port: Port, of: DesiredNetwork) -> DesiredPort:
    """The port with what a driver must know of its network."""
    return DesiredPort(port, of.network, [each for each in of.subnets if each.id in {ip.subnet_id for ip in port.fixed_ips}])


def interface(name: str, of: DesiredNetwork, address: str | None = None) -> DesiredInterface:
    """A router's port: at the subnets' gateway addresses, or outside at `address`."""
    if address is not None:
        fitting = [each for each in of.subnets if ip_address(address) in ip_network(each.cidr)]
        outside = port(name, of.network, *((each, address) for each in fitting), device_owner=GATEWAY_OWNER)
        return DesiredInterface(outside, of.network, fitting)
    inside = [(each, str(each.gateway_ip)) for each in of.subnets]
    return DesiredInterface(port(name, of.network, *inside, device_owner=INTERFACE_OWNER), of.network, of.subnets)


def router(
    name: str,
    interfaces: list[DesiredInterface],
    gateway: DesiredInterface | None = None,
    floating_ips: list[DesiredFloatingIp] | None = None,
    **fields: Any,
) -> DesiredRouter:
    """A router with these interfaces; with a gateway it hides its networks behind its address."""
    defaults = {"id": uid(name), "name": name, "admin_state_up": True, "enable_snat": True}
    return DesiredRouter(made(Router, **{**defaults, **fields}), interfaces, gateway, floating_ips or [])


def floating_ip(address: str, to: Port, router_name: str) -> DesiredFloatingIp:
    """An address that leads to a port's first address."""
    floating = made(
        FloatingIp,
        id=uid(address),
        address=address,
        port_id=to.id,
        fixed_address=to.fixed_ips[0].ip_address,
        router_id=uid(router_name),
    )
    return DesiredFloatingIp(floating, mac_of(address), to.row.mac_address)


def group(name: str, *rules: SecurityRule, **fields: Any) -> DesiredGroup:
    """A security group with these rules."""
    return DesiredGroup(made(SecurityGroup, **{"id": uid(name), "name": name, "stateful": True, **fields}), list(rules))


def rule(of: str, direction: str, ethertype: str = "IPv4", **fields: Any) -> SecurityRule:
    """A rule of the group with this name; its id comes from what it says."""
    said = f"{of} {direction} {ethertype} {sorted(fields.items())}"
    found: SecurityRule = made(SecurityRule, id=uid(said), group_id=uid(of), direction=direction, ethertype=ethertype, **fields)
    return found
