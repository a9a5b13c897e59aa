"""Arithmetic on addresses, blocks and pools."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import pairwise

from ...kernel.errors import Conflict, Invalid
from ..model import Pool, Subnet

Address = IPv4Address | IPv6Address
Block = IPv4Network | IPv6Network

REACH = 1 << 62
"""Addresses further than this from the start of their subnet have no place: SQL's integers end there."""

_MAC = re.compile(r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")


def invalid(field: str, reason: str) -> Invalid:
    """The problem with a field, in upstream's words."""
    return Invalid(f"Invalid input for {field}. Reason: {reason}", code="InvalidInput")


def address(text: str, field: str) -> Address:
    """An address. Raises Invalid naming the field."""
    try:
        return ip_address(text)
    except ValueError:
        raise invalid(field, f"'{text}' is not a valid IP address.") from None


def block(text: str, field: str) -> Block:
    """A block of addresses; bits of the host part are dropped, as upstream does. Raises Invalid naming the field."""
    if "/" not in text:
        raise invalid(field, f"'{text}' is not a valid IP subnet; it has no prefix length.")
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise invalid(field, f"'{text}' is not a valid IP subnet.") from None


def mac(text: str, field: str = "mac_address") -> str:
    """A MAC address in lower case with colons. Raises Invalid naming the field."""
    plain = text.lower().replace("-", ":")
    if not _MAC.match(plain) or plain == "00:00:00:00:00:00":
        raise invalid(field, f"'{text}' is not a valid MAC address.")
    return plain


def place(subnet: Subnet, at: Address) -> int | None:
    """The address's distance from the start of its subnet; None beyond `REACH`."""
    distance = int(at) - int(ip_network(subnet.cidr).network_address)
    return distance if 0 <= distance < REACH else None


def at_place(subnet: Subnet, distance: int) -> str:
    """The address at a distance from the start of the subnet."""
    return str(ip_network(subnet.cidr).network_address + distance)


def pool_places(subnet: Subnet, pool: Pool) -> tuple[int, int] | None:
    """The places of a pool's first and last address, cut at `REACH`; None if all of it lies beyond."""
    low = place(subnet, ip_address(pool.start))
    high = place(subnet, ip_address(pool.end))
    return None if low is None else (low, REACH - 1 if high is None else high)


def eui64(subnet: Subnet, mac_address: str) -> str:
    """The address that a guest with this MAC makes up for itself (RFC 4291, appendix A)."""
    octets = bytearray.fromhex(mac_address.replace(":", ""))
    octets[0] ^= 2
    host = int.from_bytes(octets[:3] + b"\xff\xfe" + octets[3:], "big")
    return str(ip_network(subnet.cidr).network_address + host)


def usable(net: Block, at: Address) -> bool:
    """Whether a port may have this address: it is in the block, and not the block's own or, in IPv4, its broadcast address."""
    if at not in net:
        return False
    if net.version == 4:
        return net.prefixlen >= 31 or at not in (net.network_address, net.broadcast_address)
    return net.prefixlen >= 127 or at != net.network_address


def default_pools(net: Block, gateway: Address | None) -> list[Pool]:
    """Everything usable except the gateway."""
    first, last = int(net.network_address), int(net.broadcast_address)
    if net.version == 4 and net.prefixlen < 31:
        first, last = first + 1, last - 1
    elif net.version == 6 and net.prefixlen < 127:
        first += 1
    kind = IPv4Address if net.version == 4 else IPv6Address
    spans = [(first, last)]
    if gateway is not None and first <= int(gateway) <= last:
        spans = [(first, int(gateway) - 1), (int(gateway) + 1, last)]
    return [Pool(str(kind(low)), str(kind(high))) for low, high in spans if low <= high]


def check_pools(net: Block, pools: list[Pool]) -> list[Pool]:
    """The pools in order and normal form. Raises Invalid for one outside the block, Conflict for two that overlap."""
    spans = []
    for pool in pools:
        start, end = address(pool.start, "allocation_pools"), address(pool.end, "allocation_pools")
        if start.version != net.version or end.version != net.version:
            raise Invalid(f"The allocation pool {pool.start}-{pool.end} is not valid.", code="InvalidAllocationPool")
        if int(end) < int(start):
            raise Invalid(f"The allocation pool {start}-{end} is not valid.", code="InvalidAllocationPool")
        if not (usable(net, start) and usable(net, end)):
            raise Invalid(
                f"The allocation pool {start}-{end} spans beyond the subnet cidr {net}.", code="OutOfBoundsAllocationPool"
            )
        spans.append((int(start), int(end), Pool(str(start), str(end))))
    spans.sort(key=lambda span: span[0])
    for (_, last, before), (first, _, after) in pairwise(spans):
        if first <= last:
            raise Conflict(
                f"Found overlapping allocation pools: {before.start}-{before.end}, {after.start}-{after.end} for subnet {net}.",
                code="OverlappingAllocationPools",
            )
    return [pool for _, _, pool in spans]


def in_pools(pools: Iterable[Pool], at: Address) -> Pool | None:
    """The pool that holds the address."""
    return next((p for p in pools if int(ip_address(p.start)) <= int(at) <= int(ip_address(p.end))), None)


def subnet_of(subnets: Iterable[Subnet], at: Address) -> Subnet | None:
    """The subnet that holds the address."""
    return next((s for s in subnets if s.ip_version == at.version and at in ip_network(s.cidr)), None)
