"""How many addresses networks have, and how many are taken."""

from __future__ import annotations

from ipaddress import ip_address

from msgspec import Struct

from ...kernel.db import Page, Reader
from ...kernel.policy import Actor
from ..model import Network, Subnet
from ..store import subnets as subnet_store
from ..store.ports import addresses
from . import networks


class SubnetFigures(Struct, frozen=True):
    """How many addresses a subnet's pools hold, and how many of the subnet's are taken."""

    subnet: Subnet
    total: int
    used: int


class NetworkFigures(Struct, frozen=True):
    """A network's subnets in figures."""

    network: Network
    subnets: list[SubnetFigures]


async def figures(tx: Reader, actor: Actor) -> list[NetworkFigures]:
    """Of every network that the actor may see."""
    return await _of(tx, await networks.page(tx, actor, Page()))


async def figures_of(tx: Reader, actor: Actor, network_id: str) -> NetworkFigures:
    """Of one network. Raises NotFound."""
    return (await _of(tx, [await networks.get(tx, actor, network_id)]))[0]


async def _of(tx: Reader, found: list[Network]) -> list[NetworkFigures]:
    ids = [network.id for network in found]
    subnets = await subnet_store.of_networks(tx, ids) if ids else []
    used = await addresses.count_by_subnet(tx, ids) if ids else {}
    return [
        NetworkFigures(network, [SubnetFigures(s, _size(s), used.get(s.id, 0)) for s in subnets if s.network_id == network.id])
        for network in found
    ]


def _size(subnet: Subnet) -> int:
    return sum(int(ip_address(pool.end)) - int(ip_address(pool.start)) + 1 for pool in subnet.allocation_pools)
