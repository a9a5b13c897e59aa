"""Which addresses a port gets. An address is taken by inserting it, so two ports never get the same one."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Tx
from ....kernel.errors import Conflict, Invalid
from ...model import DHCP_OWNER, GATEWAY_OWNER, INTERFACE_OWNER, FixedIp, Network, Pool, PortAddress, Subnet
from ...rules import addresses as rules
from ...store.ports import addresses

ATTEMPTS = 30
"""How often a free address is looked for when others take what was found."""

ROUTER_OWNERS = (INTERFACE_OWNER, GATEWAY_OWNER)


class WantedIp(Struct, frozen=True):
    """What a user asks for: a subnet, an address, or both."""

    subnet_id: str | None = None
    ip_address: str | None = None


class Spot(Struct, frozen=True):
    """The port that is to get addresses, and where it is. `highest` is what is known of the places taken, by subnet."""

    port_id: str
    mac_address: str
    device_owner: str
    network: Network
    subnets: list[Subnet]
    highest: dict[str, int | None] = {}


async def allocate(tx: Tx, spot: Spot, wanted: Sequence[WantedIp] | None) -> list[FixedIp]:
    """Give a new port its addresses; without a wish, one of each IP version and one of each subnet where guests choose for
    themselves.

    Raises Invalid (InvalidIpForNetwork, InvalidIpForSubnet, …), Conflict (IpAddressInUse, IpAddressGenerationFailure).
    """
    given: list[FixedIp] = []
    if wanted is None:
        for version in (4, 6):
            served = [s for s in _served(spot) if s.ip_version == version and not s.automatic]
            if served:
                given.append(await _next(tx, spot, served, len(given)))
    else:
        for wish in wanted:
            given += await _as_wished(tx, spot, wish, len(given))
    return given + await add_automatic(tx, spot, {fixed.subnet_id for fixed in given}, len(given))


async def reallocate(tx: Tx, spot: Spot, present: list[FixedIp], wanted: Sequence[WantedIp]) -> list[FixedIp]:
    """Change a port's addresses to what is wanted; those that may stay, stay. Raises as `allocate`."""
    kept, missing = _compare(present, wanted)
    for fixed in present:
        if fixed not in kept and not _automatic(spot, fixed):
            await addresses.release(tx, spot.port_id, fixed)
    automatic = [fixed for fixed in present if fixed not in kept and _automatic(spot, fixed)]
    given = [*kept]
    for wish in missing:
        given += await _as_wished(tx, spot, wish, len(given) + len(automatic))
    given += automatic
    return given + await add_automatic(tx, spot, {fixed.subnet_id for fixed in given}, len(given))


async def add_automatic(tx: Tx, spot: Spot, have: set[str], position: int) -> list[FixedIp]:
    """Record the addresses that a guest makes up for itself; a router's port does not."""
    if spot.device_owner in ROUTER_OWNERS:
        return []
    given: list[FixedIp] = []
    for subnet in _served(spot):
        if subnet.automatic and subnet.id not in have:
            text = rules.eui64(subnet, spot.mac_address)
            given.append(await _take(tx, spot, subnet, text, position + len(given)))
    return given


def _automatic(spot: Spot, fixed: FixedIp) -> bool:
    return spot.device_owner not in ROUTER_OWNERS and any(s.id == fixed.subnet_id and s.automatic for s in spot.subnets)


def _compare(present: list[FixedIp], wanted: Sequence[WantedIp]) -> tuple[list[FixedIp], list[WantedIp]]:
    """Which present addresses meet a wish, each one wish, and which wishes none meets."""
    kept: list[FixedIp] = []
    missing: list[WantedIp] = []
    for wish in sorted(wanted, key=lambda w: w.ip_address is None):
        found = next((f for f in present if f not in kept and _meets(f, wish)), None)
        if found is None:
            missing.append(wish)
        else:
            kept.append(found)
    return kept, missing


def _meets(fixed: FixedIp, wish: WantedIp) -> bool:
    if wish.subnet_id is not None and fixed.subnet_id != wish.subnet_id:
        return False
    return wish.ip_address is None or ip_address(fixed.ip_address) == rules.address(wish.ip_address, "fixed_ips")


def _served(spot: Spot) -> list[Subnet]:
    """The subnets from which this kind of port is served: those made for its kind, else those made for no kind in particular."""
    special = [s for s in spot.subnets if spot.device_owner and spot.device_owner in s.service_types]
    plain = [s for s in spot.subnets if not s.service_types or spot.device_owner == DHCP_OWNER]
    return special or plain


async def _as_wished(tx: Tx, spot: Spot, wish: WantedIp, position: int) -> list[FixedIp]:
    subnet = _wished_subnet(spot, wish)
    if wish.ip_address is None:
        if subnet.automatic and spot.device_owner not in ROUTER_OWNERS:
            return []  # recorded with all others of its kind
        return [await _next(tx, spot, [subnet], position)]
    at = rules.address(wish.ip_address, "fixed_ips")
    if not rules.usable(ip_network(subnet.cidr), at):
        raise Invalid(f"IP address {at} is not a valid IP for the specified subnet.", code="InvalidIpForSubnet")
    if subnet.automatic and spot.device_owner not in ROUTER_OWNERS and str(at) != rules.eui64(subnet, spot.mac_address):
        raise Invalid(
            f"IPv6 address {at} can not be directly assigned to a port on subnet {subnet.id} as the subnet is configured for "
            "automatic addresses",
            code="AllocationOnAutoAddressSubnet",
        )
    return [await _take(tx, spot, subnet, str(at), position)]


def _wished_subnet(spot: Spot, wish: WantedIp) -> Subnet:
    if wish.subnet_id is not None:
        found = next((s for s in spot.subnets if s.id == wish.subnet_id), None)
        if found is None:
            raise Invalid(
                f"Invalid input for operation: Failed to create port on network {spot.network.id}, because fixed_ips included "
                f"invalid subnet {wish.subnet_id}.",
                code="InvalidInput",
            )
        return found
    if wish.ip_address is None:
        raise rules.invalid("fixed_ips", "IP allocation requires subnet_id or ip_address.")
    found = rules.subnet_of(spot.subnets, rules.address(wish.ip_address, "fixed_ips"))
    if found is None:
        raise Invalid(
            f"IP address {wish.ip_address} is not a valid IP for any of the subnets on the specified network.",
            code="InvalidIpForNetwork",
        )
    return found


def _row(spot: Spot, fixed: FixedIp, subnet: Subnet, position: int) -> PortAddress:
    place = rules.place(subnet, ip_address(fixed.ip_address))
    return PortAddress(subnet.id, fixed.ip_address, spot.port_id, spot.network.id, place, position)


async def _take(tx: Tx, spot: Spot, subnet: Subnet, text: str, position: int) -> FixedIp:
    fixed = FixedIp(subnet.id, text)
    if not await addresses.take(tx, _row(spot, fixed, subnet, position)):
        raise Conflict(
            f"IP address {text} already allocated in subnet {subnet.id} of network {spot.network.id}.", code="IpAddressInUse"
        )
    return fixed


async def _next(tx: Tx, spot: Spot, candidates: list[Subnet], position: int) -> FixedIp:
    """The next free address of the first subnet that has one."""
    for subnet in candidates:
        for pool in subnet.allocation_pools:
            fixed = await _from_pool(tx, spot, subnet, pool, position)
            if fixed is not None:
                return fixed
    names = ", ".join(s.id for s in candidates)
    raise Conflict(
        f"No more IP addresses available on network {spot.network.id}: every address of the allocation pools of {names} is taken.",
        code="IpAddressGenerationFailure",
    )


async def _from_pool(tx: Tx, spot: Spot, subnet: Subnet, pool: Pool, position: int) -> FixedIp | None:
    for attempt in range(ATTEMPTS):
        text = None if attempt else _after_highest(spot, subnet, pool)
        if text is None:
            ahead = ids.pick(1 << min(attempt, 6))  # whoever lost a race steps aside
            text = await _free(tx, subnet, pool, ahead)
        if text is None:
            return None
        fixed = FixedIp(subnet.id, text)
        if await addresses.take(tx, _row(spot, fixed, subnet, position)):
            return fixed
    return None


def _after_highest(spot: Spot, subnet: Subnet, pool: Pool) -> str | None:
    """The address after the highest that is known to be taken, if it is in the pool: right, as long as nobody is quicker."""
    places, highest = rules.pool_places(subnet, pool), spot.highest.get(subnet.id)
    if places is None or highest is None or not places[0] <= highest < places[1]:
        return None
    return rules.at_place(subnet, highest + 1)


async def _free(tx: Tx, subnet: Subnet, pool: Pool, ahead: int) -> str | None:
    places = rules.pool_places(subnet, pool)
    if places is None:  # too far out to be counted, and too large to be full: guess
        size = int(ip_address(pool.end)) - int(ip_address(pool.start)) + 1
        return str(ip_address(pool.start) + ids.pick(size))
    found = await addresses.free_place(tx, subnet.id, *places, ahead)
    return None if found is None else rules.at_place(subnet, found)
