"""The hints `build_near_host_ip` and `cidr`: a host whose address is in the same network."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ....kernel.errors import Invalid

USUAL = "/24"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def wanted(hints: Mapping[str, Any]) -> Network | None:
    """The network in which a host's address has to be; None if any will do. Raises Invalid."""
    near, cidr = hints.get("build_near_host_ip"), hints.get("cidr", USUAL)
    if near is None:
        return None
    try:
        return ipaddress.ip_network(f"{near}/{str(cidr).removeprefix('/')}", strict=False)
    except ValueError:
        raise Invalid(f"The scheduler hints build_near_host_ip {near!r} and cidr {cidr!r} name no network.") from None


def is_near(address: str, network: Network) -> bool:
    """Whether a host's address is in the network."""
    try:
        return ipaddress.ip_address(address) in network
    except ValueError:
        return False
