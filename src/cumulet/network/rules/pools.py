"""Cutting subnets out of subnet pools."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import collapse_addresses, ip_network
from typing import Any

from ...kernel.errors import Conflict, Invalid
from . import addresses
from .addresses import Block


def prefixes(texts: Sequence[str]) -> tuple[int, list[str]]:
    """A pool's IP version and its prefixes in the shortest form. Raises Invalid for none, bad ones, or both versions."""
    found = [addresses.block(text, "prefixes") for text in texts]
    if not found:
        raise addresses.invalid("prefixes", "a subnet pool needs at least one prefix.")
    versions = {net.version for net in found}
    if len(versions) > 1:
        raise Invalid("Cannot mix IPv4 and IPv6 prefixes in a subnet pool.", code="PrefixVersionMismatch")
    blocks: list[Any] = list(found)
    return found[0].version, [str(net) for net in collapse_addresses(blocks)]


def check_lengths(ip_version: int, shortest: int, default: int, longest: int) -> None:
    """Raise Invalid unless min ≤ default ≤ max prefix length, all possible for the IP version."""
    most = 32 if ip_version == 4 else 128
    for name, length in (("min_prefixlen", shortest), ("default_prefixlen", default), ("max_prefixlen", longest)):
        if not 0 <= length <= most:
            raise Invalid(f"Illegal prefix bounds: {name}={length}: from 0 to {most}.", code="IllegalSubnetPoolPrefixBounds")
    if not shortest <= default <= longest:
        raise Invalid(
            f"Illegal prefix bounds: min_prefixlen={shortest}, default_prefixlen={default}, max_prefixlen={longest} out of order.",
            code="IllegalSubnetPoolPrefixBounds",
        )


def carve(available: Sequence[str], taken: Sequence[str], length: int) -> str:
    """The first free block of a prefix length. Raises Conflict if there is none."""
    used = sorted((ip_network(text) for text in taken), key=lambda net: int(net.network_address))
    for text in available:
        prefix = ip_network(text)
        size = 1 << (prefix.max_prefixlen - length)
        cursor = int(prefix.network_address)
        for net in used:
            first, last = int(net.network_address), int(net.broadcast_address)
            if last < cursor or cursor + size <= first:
                continue
            cursor = -(-(last + 1) // size) * size
        if length >= prefix.prefixlen and cursor + size - 1 <= int(prefix.broadcast_address):
            return f"{prefix.network_address + (cursor - int(prefix.network_address))}/{length}"
    raise Conflict(
        f"Failed to allocate subnet: Insufficient prefix space to allocate subnet size /{length}.", code="SubnetAllocationError"
    )


def check_free(available: Sequence[str], taken: Sequence[str], wanted: Block) -> None:
    """Raise Conflict unless the block is in the pool and nobody has any of it."""
    inside = any(net.version == wanted.version and _within(wanted, net) for net in map(ip_network, available))
    clash = next((text for text in taken if ip_network(text).overlaps(wanted)), None)
    if not inside or clash is not None:
        reason = f"it overlaps with {clash}" if clash else "the pool does not hold it"
        raise Conflict(
            f"Failed to allocate subnet: Cannot allocate requested subnet {wanted} from the available set of prefixes: {reason}.",
            code="SubnetAllocationError",
        )


def _within(inner: Block, outer: Block) -> bool:
    return int(outer.network_address) <= int(inner.network_address) and int(inner.broadcast_address) <= int(outer.broadcast_address)
