"""What a subnet may look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from ...kernel.errors import Conflict, Invalid
from ..model import SLAAC, STATEFUL, STATELESS, HostRoute, Pool, Subnet
from . import addresses
from .addresses import Address, Block, invalid

MOST_DNS_SERVERS = 5
MOST_HOST_ROUTES = 20
MODES = (SLAAC, STATEFUL, STATELESS)


def block(text: str, ip_version: int, dhcp: bool) -> Block:
    """The subnet's addresses. Raises Invalid for the wrong version, or one that no ports can be on."""
    net = addresses.block(text, "cidr")
    if ip_version and net.version != ip_version:
        raise Invalid(
            f"Invalid input for operation: cidr '{text}' does not match the ip_version '{ip_version}'.", code="InvalidInput"
        )
    if net.is_multicast or net.is_loopback:
        raise invalid("cidr", f"'{net}' is a multicast or loopback subnet, which no port can be on.")
    if dhcp and net.prefixlen > net.max_prefixlen - 2:
        raise Invalid(
            f"Invalid input for operation: Subnet has a prefix length that is incompatible with DHCP service enabled: {net}.",
            code="InvalidInput",
        )
    return net


def check_overlap(net: Block, others: Iterable[Subnet], network_id: str) -> None:
    """Raise Invalid if another subnet of the network has some of the addresses."""
    for other in others:
        if other.ip_version == net.version and net.overlaps(ip_network(other.cidr)):
            raise Invalid(
                f"Invalid input for operation: Requested subnet with cidr: {net} for network: {network_id} overlaps with another "
                f"subnet: {other.id} with cidr {other.cidr}.",
                code="InvalidInput",
            )


def check_modes(net: Block, dhcp: bool, ra_mode: str | None, address_mode: str | None) -> None:
    """Raise Invalid unless the IPv6 modes are known, agree, and suit the block and DHCP."""
    if ra_mode is None and address_mode is None:
        return
    for name, mode in (("ipv6_ra_mode", ra_mode), ("ipv6_address_mode", address_mode)):
        if mode not in (None, *MODES):
            raise invalid(name, f"'{mode}' is not in {list(MODES)}.")
    if net.version == 4:
        raise Invalid(
            "Invalid input for operation: ipv6_ra_mode and ipv6_address_mode are not valid for IPv4.", code="InvalidInput"
        )
    if not dhcp:
        raise Invalid(
            "Invalid input for operation: ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False.",
            code="InvalidInput",
        )
    if ra_mode and address_mode and ra_mode != address_mode:
        raise Invalid(
            f"Invalid input for operation: ipv6_ra_mode set to '{ra_mode}' with ipv6_address_mode set to '{address_mode}' is not "
            "valid. If both attributes are set, they must be the same value.",
            code="InvalidInput",
        )
    if address_mode in (SLAAC, STATELESS) and net.prefixlen != 64:
        raise Invalid(
            f"Invalid input for operation: Invalid CIDR {net} for IPv6 address mode. Addresses made of a MAC need a prefix of /64.",
            code="InvalidInput",
        )


def gateway(net: Block, text: str) -> Address:
    """The gateway's address. Raises Invalid for the wrong version, the block's own address or its broadcast address."""
    at = addresses.address(text, "gateway_ip")
    if at.version != net.version:
        raise Invalid(
            f"Invalid input for operation: gateway_ip '{text}' does not match the ip_version '{net.version}'.", "InvalidInput"
        )
    if at in net and not addresses.usable(net, at):
        raise Invalid("Invalid input for operation: Gateway is not valid on subnet.", code="InvalidInput")
    return at


def first_address(net: Block) -> Address:
    """The gateway, if nobody says otherwise."""
    return net.network_address if net.prefixlen >= net.max_prefixlen - 1 else net.network_address + 1


def check_gateway_outside(pools: Sequence[Pool], at: Address) -> None:
    """Raise Conflict if ports could get the gateway's address."""
    pool = addresses.in_pools(pools, at)
    if pool is not None:
        raise Conflict(
            f"Gateway ip {at} conflicts with allocation pool {pool.start}-{pool.end}.", code="GatewayConflictWithAllocationPools"
        )


def dns_servers(texts: Sequence[str]) -> list[str]:
    """Name servers in normal form. Raises Invalid for too many, bad or repeated ones."""
    if len(texts) > MOST_DNS_SERVERS:
        raise Invalid(
            f"Unable to complete operation: {len(texts)} DNS nameservers exceed the limit of {MOST_DNS_SERVERS}.",
            code="DNSNameServersExhausted",
        )
    found = [str(addresses.address(text, "dns_nameservers")) for text in texts]
    if len(set(found)) != len(found):
        raise invalid("dns_nameservers", f"Duplicate items in the list: '{', '.join(found)}'.")
    return found


def host_routes(routes: Sequence[HostRoute]) -> list[HostRoute]:
    """Routes in normal form. Raises Invalid for too many, bad or repeated ones."""
    if len(routes) > MOST_HOST_ROUTES:
        raise Invalid(
            f"Unable to complete operation: {len(routes)} host routes exceed the limit of {MOST_HOST_ROUTES}.",
            code="HostRoutesExhausted",
        )
    found = []
    for route in routes:
        to = addresses.block(route.destination, "host_routes")
        via = addresses.address(route.nexthop, "host_routes")
        if to.version != via.version:
            raise invalid("host_routes", f"the destination {to} and the nexthop {via} are of different IP versions.")
        found.append(HostRoute(str(to), str(via)))
    if len(set(map(str, found))) != len(found):
        raise invalid("host_routes", "Duplicate host route.")
    return found
