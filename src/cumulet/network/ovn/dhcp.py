"""DHCP without a daemon: what ovn-controller answers by itself. Facts: ovn-nb(5), table DHCP_Options; RFC 2132, RFC 3442."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network

from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.ovsdb import Wanted

from ..desired import DesiredNetwork
from ..model import STATEFUL, STATELESS, DhcpOption, Subnet
from .tables import mark

_LEASE_SECONDS = 43200
_METADATA = "169.254.169.254/32"
_NUMBERS = {
    "3": "router",
    "6": "dns_server",
    "12": "hostname",
    "15": "domain_name",
    "26": "mtu",
    "42": "ntp_server",
    "51": "lease_time",
    "66": "tftp_server",
    "67": "bootfile_name",
    "119": "domain_search_list",
    "121": "classless_static_route",
    "150": "tftp_server_address",
    "210": "path_prefix",
    "249": "ms_classless_static_route",
    "252": "wpad",
    "server_ip_address": "next_server",
}
_TEXTS = frozenset({"hostname", "domain_name", "tftp_server", "bootfile_name", "path_prefix", "wpad", "domain_search_list"})
_V4 = frozenset(_NUMBERS.values()) | {
    "arp_cache_timeout",
    "broadcast_address",
    "default_ttl",
    "ethernet_encap",
    "ip_forward_enable",
    "log_server",
    "lpr_server",
    "netbios_name_server",
    "netbios_node_type",
    "netmask",
    "nis_server",
    "policy_filter",
    "router_discovery",
    "router_solicitation",
    "swap_server",
    "tcp_keepalive_interval",
    "tcp_ttl",
}
_V6 = frozenset({"dns_server", "domain_search"})


def is_served(subnet: Subnet) -> bool:
    """Whether guests on the subnet get anything by DHCP: with SLAAC they need nothing."""
    return subnet.enable_dhcp and (subnet.ip_version == 4 or subnet.ipv6_address_mode in (STATEFUL, STATELESS))


def subnet_rows(desired: DesiredNetwork) -> list[Wanted]:
    """What the guests of a network's subnets are told, one row per subnet with DHCP."""
    return [
        Wanted(
            "DHCP_Options",
            subnet.id,
            {
                "cidr": str(ip_network(subnet.cidr)),
                "options": _options_v4(desired, subnet) if subnet.ip_version == 4 else _options_v6(desired, subnet),
                "external_ids": mark("subnet", network=desired.network.id),
            },
        )
        for subnet in desired.subnets
        if is_served(subnet)
    ]


def adjusted(options: Mapping[str, str], extra: Iterable[DhcpOption], version: int) -> dict[str, str] | None:
    """A subnet's options with a port's own; None if there are none of this IP version that OVN can send."""
    known = _V4 if version == 4 else _V6
    own = [(_ovn_name(option.opt_name), option.opt_value) for option in extra if option.ip_version == version]
    sent = {name: value for name, value in own if name in known}
    if not sent:
        return None
    merged = {**options, **{name: _quoted(name, value) for name, value in sent.items() if value is not None}}
    return {name: value for name, value in merged.items() if sent.get(name, "") is not None}


def _options_v4(desired: DesiredNetwork, subnet: Subnet) -> dict[str, str]:
    fixed = desired.service_port.fixed_ips if desired.service_port else []
    metadata = next((ip.ip_address for ip in fixed if ip.subnet_id == subnet.id), None)
    options = {
        "server_id": subnet.gateway_ip or metadata or str(ip_network(subnet.cidr)[1]),
        "server_mac": _server_mac(desired.network.id),
        "lease_time": str(_LEASE_SECONDS),
        "mtu": str(desired.network.mtu),
    }
    if subnet.gateway_ip:
        options["router"] = subnet.gateway_ip
    if subnet.dns_nameservers:
        options["dns_server"] = _set(subnet.dns_nameservers)
    routes = [(_METADATA, metadata)] if metadata else []
    routes += [(route.destination, route.nexthop) for route in subnet.host_routes]
    if routes and subnet.gateway_ip:
        # A client that is given routes ignores the router option (RFC 3442).
        routes.append(("0.0.0.0/0", subnet.gateway_ip))
    if routes:
        options["classless_static_route"] = _set(f"{destination},{nexthop}" for destination, nexthop in routes)
    return options


def _options_v6(desired: DesiredNetwork, subnet: Subnet) -> dict[str, str]:
    options = {"server_id": _server_mac(desired.network.id)}
    if subnet.dns_nameservers:
        options["dns_server"] = _set(subnet.dns_nameservers)
    if subnet.ipv6_address_mode == STATELESS:
        options["dhcpv6_stateless"] = "true"
    return options


def _server_mac(network_id: str) -> str:
    """A locally administered address for the server that exists nowhere."""
    digits = derived_uuid(network_id, "dhcp").replace("-", "")[:10]
    return ":".join(["0a", *(digits[at : at + 2] for at in range(0, 10, 2))])


def _set(values: Iterable[str]) -> str:
    return "{" + ", ".join(values) + "}"


def _ovn_name(name: str) -> str:
    plain = name.lower().replace("-", "_")
    return _NUMBERS.get(plain, plain)


def _quoted(name: str, value: str) -> str:
    return '"' + value.replace("\\", "").replace('"', "") + '"' if name in _TEXTS else value
