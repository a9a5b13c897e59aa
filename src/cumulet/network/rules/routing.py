"""What may be connected to a router, and which routes it may have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network

from ...kernel.errors import Invalid
from ..model import FixedIp, HostRoute, Port, Subnet
from . import addresses

MOST_ROUTES = 30


def bad_request(message: str, resource: str = "router") -> Invalid:
    """The problem with a request, in upstream's form."""
    return Invalid(f"Bad {resource} request: {message}", code="BadRequest")


def check_new_subnets(new: Iterable[Subnet], present: Iterable[Subnet]) -> None:
    """Raise Invalid if a router would have two subnets with the same addresses, or one subnet twice."""
    known = list(present)
    for subnet in new:
        for other in known:
            if other.id == subnet.id:
                raise bad_request(f"Router already has a port on subnet {subnet.id}.")
            if other.ip_version == subnet.ip_version and ip_network(subnet.cidr).overlaps(ip_network(other.cidr)):
                raise bad_request(f"Cidr {subnet.cidr} of subnet {subnet.id} overlaps with cidr {other.cidr} of subnet {other.id}.")
        known.append(subnet)


def routes(wanted: Sequence[HostRoute], ports: Sequence[Port], subnets: Sequence[Subnet]) -> list[HostRoute]:
    """Routes in normal form. Raises Invalid for too many, bad or repeated ones, and for a next hop that the router cannot reach."""
    if len(wanted) > MOST_ROUTES:
        raise Invalid(
            f"Unable to complete operation: {len(wanted)} routes exceed the limit of {MOST_ROUTES}.", code="RoutesExhausted"
        )
    own = {ip_address(fixed.ip_address) for port in ports for fixed in port.fixed_ips}
    connected = [ip_network(subnet.cidr) for subnet in subnets]
    found: list[HostRoute] = []
    for route in wanted:
        to, via = addresses.block(route.destination, "routes"), addresses.address(route.nexthop, "routes")
        if not any(via.version == net.version and via in net for net in connected):
            raise _refused(
                route, f"the nexthop is not connected with router; its subnets are {', '.join(map(str, connected)) or 'none'}"
            )
        if via in own:
            raise _refused(route, "the nexthop is used by router")
        made = HostRoute(str(to), str(via))
        if made in found:
            raise _refused(route, "it is there twice")
        found.append(made)
    return found


def _refused(route: HostRoute, why: str) -> Invalid:
    return Invalid(f"Invalid format for routes: {route.destination} via {route.nexthop}: {why}.", code="InvalidRoutes")


def routed_through(wanted: Sequence[HostRoute], subnet: Subnet) -> HostRoute | None:
    """A route whose next hop is on the subnet."""
    net = ip_network(subnet.cidr)
    return next((r for r in wanted if ip_address(r.nexthop).version == net.version and ip_address(r.nexthop) in net), None)


def fixed_address(port: Port, wanted: str | None) -> FixedIp:
    """The address of a port that a floating IP is to lead to. Raises Invalid if it has none, not this one, or several."""
    found = [fixed for fixed in port.fixed_ips if ip_address(fixed.ip_address).version == 4]
    if wanted is not None:
        at = addresses.address(wanted, "fixed_ip_address")
        chosen = next((fixed for fixed in found if ip_address(fixed.ip_address) == at), None)
        if chosen is None:
            raise bad_request(f"Port {port.id} does not have fixed ip {wanted}", "floatingip")
        return chosen
    if not found:
        raise bad_request(f"Cannot add floating IP to port {port.id} that has no fixed IPv4 addresses", "floatingip")
    if len(found) > 1:
        raise bad_request(
            f"Port {port.id} has multiple fixed IPv4 addresses. Must provide a specific IPv4 address when assigning a floating IP",
            "floatingip",
        )
    return found[0]
