"""What others are told of servers' ports: agents, compute's views, guests themselves."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from msgspec import Struct

from ....contract.guests import MetadataPort, PortSpec
from ....kernel.db import Reader
from ....kernel.errors import NotFound
from ...model import FixedIp, Network, Port, Subnet
from ...store import networks as network_store
from ...store import ports as store
from ...store import subnets as subnet_store
from ...store.ports import interfaces as lines


class Interface(Struct, frozen=True):
    """A server's interface. `fixed_ips` are (subnet id, address), `cidrs` their blocks, `floating` (fixed, floating)."""

    port_id: str
    network_id: str
    network_name: str
    mac: str
    state: str
    fixed_ips: list[tuple[str, str]]
    floating: list[tuple[str, str]]
    security_groups: list[str]
    tag: str | None
    cidrs: list[str]
    host_id: str
    project_id: str
    mtu: int


async def spec(tx: Reader, port_id: str) -> PortSpec:
    """A port as its host's agent needs it. Raises NotFound."""
    found = await lines.plug(tx, port_id)
    if found is None:
        raise NotFound(f"Port {port_id} could not be found.", code="PortNotFound")
    return (await _specs(tx, [found]))[0]


async def specs(tx: Reader, server_id: str) -> list[PortSpec]:
    """A server's ports as its host's agent needs them, in order, in two statements."""
    return await _specs(tx, await lines.plugs(tx, server_id))


async def _specs(tx: Reader, found: list[lines.Plug]) -> list[PortSpec]:
    if not found:
        return []
    metadata: dict[str, MetadataPort] = {}
    for line in await lines.services(tx, list({plug.network_id for plug in found})):
        port = metadata.setdefault(line.network_id, MetadataPort(line.port_id, line.mac, []))
        if line.address is not None and line.cidr is not None:
            port.addresses.append(f"{line.address}/{ip_network(line.cidr).prefixlen}")
    return [PortSpec(p.port_id, p.network_id, p.mac, p.mtu, metadata.get(p.network_id)) for p in found]


async def interfaces(tx: Reader, server_ids: list[str]) -> dict[str, list[Interface]]:
    """The interfaces of any number of servers, in order, in two statements."""
    found: dict[str, list[Interface]] = {server_id: [] for server_id in server_ids}
    if not server_ids:
        return found
    groups = await lines.group_names(tx, server_ids)
    for line in await lines.lines(tx, server_ids):
        known = found[line.server_id]
        if not known or known[-1].port_id != line.port_id:
            known.append(_interface(line, groups.get(line.port_id, [])))
        if line.subnet_id and line.address:
            known[-1].fixed_ips.append((line.subnet_id, line.address))
            known[-1].cidrs.append(line.cidr or "")
            if line.floating:
                known[-1].floating.append((line.address, line.floating))
    return found


def _interface(line: lines.Line, groups: list[str]) -> Interface:
    return Interface(
        port_id=line.port_id,
        network_id=line.network_id,
        network_name=line.network_name,
        mac=line.mac,
        state=line.status,
        fixed_ips=[],
        floating=[],
        security_groups=groups,
        tag=line.tag,
        cidrs=[],
        host_id=line.host_id,
        project_id=line.project_id,
        mtu=line.mtu,
    )


async def server_at(tx: Reader, network_id: str, address: str) -> str | None:
    """The server whose port holds an address on a network: who asks the metadata service."""
    return await store.server_at(tx, network_id, address)


async def network_data(tx: Reader, server_id: str) -> dict[str, Any]:
    """The content of `network_data.json`, by which a guest configures its interfaces.

    https://docs.openstack.org/nova/latest/user/metadata.html
    """
    ports = await store.of_server(tx, server_id)
    ids = list({port.row.network_id for port in ports})
    networks = await network_store.many(tx, ids) if ids else {}
    subnets = {subnet.id: subnet for subnet in await subnet_store.of_networks(tx, ids)} if ids else {}
    links = [_link(port, networks[port.row.network_id]) for port in ports]
    guest_networks: list[dict[str, Any]] = []
    for port in ports:
        for fixed in port.fixed_ips:
            guest_networks.append(_guest_network(port, fixed, subnets[fixed.subnet_id], len(guest_networks)))
    servers = dict.fromkeys(s for p in ports for f in p.fixed_ips for s in subnets[f.subnet_id].dns_nameservers)
    return {
        "links": links,
        "networks": guest_networks,
        "services": [{"type": "dns", "address": address} for address in servers],
    }


def tap(port_id: str) -> str:
    """The name of the port's device, as far as Linux can take it."""
    return "tap" + port_id[:11]


def _link(port: Port, network: Network) -> dict[str, Any]:
    return {
        "id": tap(port.id),
        "vif_id": port.id,
        "type": "ovs",
        "mtu": network.mtu,
        "ethernet_mac_address": port.row.mac_address,
    }


def _guest_network(port: Port, fixed: FixedIp, subnet: Subnet, at: int) -> dict[str, Any]:
    head = {"id": f"network{at}", "link": tap(port.id), "network_id": port.row.network_id}
    if subnet.ip_version == 4 and subnet.enable_dhcp:
        return {**head, "type": "ipv4_dhcp"}
    mode = f"_{subnet.ipv6_address_mode}" if subnet.ipv6_address_mode else ""
    if subnet.ip_version == 6 and subnet.enable_dhcp and not mode:
        return {**head, "type": "ipv6_dhcp"}
    net = ip_network(subnet.cidr)
    anywhere = ("0.0.0.0", "0.0.0.0") if subnet.ip_version == 4 else ("::", "::")
    routes = [{"network": anywhere[0], "netmask": anywhere[1], "gateway": subnet.gateway_ip}] if subnet.gateway_ip else []
    for route in subnet.host_routes:
        to = ip_network(route.destination, strict=False)
        routes.append({"network": str(to.network_address), "netmask": str(to.netmask), "gateway": route.nexthop})
    return {
        **head,
        "type": f"ipv{subnet.ip_version}{mode}",
        "ip_address": fixed.ip_address,
        "netmask": str(net.netmask),
        "routes": routes,
        "services": [{"type": "dns", "address": address} for address in subnet.dns_nameservers],
    }
