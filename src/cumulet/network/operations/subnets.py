"""Subnets."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import DHCP_OWNER, INTERFACE_OWNER, FixedIp, HostRoute, Network, Pool, Port, Subnet
from ..rules import addresses as address_rules
from ..rules import subnets as rules
from ..store import networks as network_store
from ..store import ports as port_store
from ..store import subnets as store
from ..store.ports import addresses
from . import changes, limits, services, subnetpools
from .ports.allocation import ROUTER_OWNERS, Spot, add_automatic
from .ports.changing import tell

__all__ = ["NewSubnet", "Subnet", "SubnetChanges", "create", "delete", "get", "page", "update"]


class NewSubnet(Struct, frozen=True, kw_only=True):
    """What a subnet is to be. A `gateway_ip` of UNSET is the first address, None is none; no pools are all other addresses.

    Without a `cidr` it comes from a subnet pool, as large as `prefixlen` says or the pool's default.
    """

    project_id: str
    cidr: str | None = None
    ip_version: int = 0
    name: str = ""
    description: str = ""
    gateway_ip: str | UnsetType | None = UNSET
    enable_dhcp: bool = True
    allocation_pools: list[Pool] | None = None
    dns_nameservers: list[str] = []
    host_routes: list[HostRoute] = []
    ipv6_ra_mode: str | None = None
    ipv6_address_mode: str | None = None
    subnetpool_id: str | None = None
    use_default_subnetpool: bool = False
    prefixlen: int | None = None
    service_types: list[str] = []


class SubnetChanges(Struct, frozen=True, kw_only=True):
    """What is to change in a subnet."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    gateway_ip: str | UnsetType | None = UNSET
    enable_dhcp: bool | UnsetType = UNSET
    allocation_pools: list[Pool] | UnsetType = UNSET
    dns_nameservers: list[str] | UnsetType = UNSET
    host_routes: list[HostRoute] | UnsetType = UNSET
    service_types: list[str] | UnsetType = UNSET


async def get(tx: Reader, actor: Actor, subnet_id: str) -> Subnet:
    """A subnet that the actor may see. Raises NotFound."""
    found = await store.find(tx, subnet_id, actor.scope)
    if found is None:
        raise NotFound(f"Subnet {subnet_id} could not be found.", code="SubnetNotFound")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Subnet]:
    """A page of the subnets that the actor may see."""
    return await store.page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def create(tx: Tx, actor: Actor, network: Network, new: NewSubnet) -> Subnet:
    """Make a subnet. Raises OverQuota, Invalid, Conflict (GatewayConflictWithAllocationPools, OverlappingAllocationPools, …)."""
    await limits.check(tx, new.project_id, "subnet")
    pool_id, cidr = await _block(tx, actor, new)
    net = rules.block(cidr, new.ip_version, new.enable_dhcp)
    rules.check_modes(net, new.enable_dhcp, new.ipv6_ra_mode, new.ipv6_address_mode)
    await network_store.lock(tx, network.id)
    rules.check_overlap(net, await store.of_network(tx, network.id), network.id)
    gateway, pools = _gateway_and_pools(net, new)
    subnet = Subnet(
        id=ids.new_uuid(),
        network_id=network.id,
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        ip_version=net.version,
        cidr=str(net),
        gateway_ip=gateway,
        enable_dhcp=new.enable_dhcp,
        allocation_pools=pools,
        dns_nameservers=rules.dns_servers(new.dns_nameservers),
        host_routes=rules.host_routes(new.host_routes),
        ipv6_ra_mode=new.ipv6_ra_mode,
        ipv6_address_mode=new.ipv6_address_mode,
        subnetpool_id=pool_id,
        service_types=new.service_types,
        created_at=tx.stamp,
        updated_at=tx.stamp,
        revision=1,
    )
    await store.add(tx, subnet)
    await changes.record(tx, changes.NETWORK, network.id)
    await services.keep(tx, network)
    if subnet.automatic:
        await _give_to_all(tx, network, subnet)
    return subnet


async def _block(tx: Tx, actor: Actor, new: NewSubnet) -> tuple[str | None, str]:
    """The pool that the subnet comes from, if any, and its block."""
    pool_id = new.subnetpool_id
    if pool_id is None and new.use_default_subnetpool:
        pool_id = await subnetpools.default(tx, new.ip_version or 4)
    if pool_id is not None:
        return pool_id, await subnetpools.take(tx, actor, pool_id, new.cidr, new.prefixlen)
    if new.cidr is None:
        raise Invalid("Bad subnets request: a subnetpool must be specified in the absence of a cidr.", code="BadRequest")
    if new.prefixlen is not None:
        raise Invalid("Bad subnets request: cidr and prefixlen must not be supplied together.", code="BadRequest")
    return None, new.cidr


def _gateway_and_pools(net: address_rules.Block, new: NewSubnet) -> tuple[str | None, list[Pool]]:
    gateway = None
    if new.gateway_ip is UNSET:
        gateway = rules.first_address(net)
    elif new.gateway_ip is not None:
        gateway = rules.gateway(net, str(new.gateway_ip))
    if new.allocation_pools is None:
        return None if gateway is None else str(gateway), address_rules.default_pools(net, gateway)
    pools = address_rules.check_pools(net, new.allocation_pools)
    if gateway is not None:
        rules.check_gateway_outside(pools, gateway)
    return None if gateway is None else str(gateway), pools


async def _give_to_all(tx: Tx, network: Network, subnet: Subnet) -> None:
    """Guests on the network make up addresses of the new subnet at once: record them."""
    rows = [r for r in await port_store.of_network(tx, network.id) if r.device_owner not in (*ROUTER_OWNERS, DHCP_OWNER)]
    for row in rows:
        spot = Spot(row.id, row.mac_address, row.device_owner, network, [subnet])
        if await add_automatic(tx, spot, set(), 1 << 10):
            await tell(tx, row)


async def update(tx: Tx, subnet: Subnet, wanted: SubnetChanges) -> Subnet:
    """Change a subnet. Raises Invalid, Conflict (GatewayIpInUse, GatewayConflictWithAllocationPools)."""
    net = ip_network(subnet.cidr)
    fields: dict[str, Any] = {
        name: getattr(wanted, name) for name in wanted.__struct_fields__ if getattr(wanted, name) is not UNSET
    }
    if "allocation_pools" in fields:
        fields["allocation_pools"] = address_rules.check_pools(net, fields["allocation_pools"])
    if "dns_nameservers" in fields:
        fields["dns_nameservers"] = rules.dns_servers(fields["dns_nameservers"])
    if "host_routes" in fields:
        fields["host_routes"] = rules.host_routes(fields["host_routes"])
    if fields.get("gateway_ip") is not None:
        fields["gateway_ip"] = str(rules.gateway(net, fields["gateway_ip"]))
    changed = replace(subnet, **fields)
    if changed.enable_dhcp != subnet.enable_dhcp:
        rules.check_modes(net, changed.enable_dhcp, changed.ipv6_ra_mode, changed.ipv6_address_mode)
        rules.block(subnet.cidr, subnet.ip_version, changed.enable_dhcp)
    if changed.gateway_ip is not None and ("gateway_ip" in fields or "allocation_pools" in fields):
        rules.check_gateway_outside(changed.allocation_pools, ip_address(changed.gateway_ip))
    if changed.gateway_ip != subnet.gateway_ip:
        await _check_gateway_unused(tx, subnet)
    return await _saved(tx, subnet, changed)


async def _saved(tx: Tx, subnet: Subnet, changed: Subnet) -> Subnet:
    saved = await store.save(tx, changed)
    await changes.record(tx, changes.NETWORK, subnet.network_id)
    for port in await port_store.many(tx, await addresses.ports_of_subnet(tx, subnet.id)):
        await tell(tx, port.row)
    if saved.enable_dhcp != subnet.enable_dhcp:
        networks = await network_store.many(tx, [subnet.network_id])
        await services.keep(tx, networks[subnet.network_id])
    return saved


async def _check_gateway_unused(tx: Reader, subnet: Subnet) -> None:
    """Raise Conflict while a router's interface holds the present gateway's address."""
    if subnet.gateway_ip is None:
        return
    holder = await addresses.holder(tx, FixedIp(subnet.id, subnet.gateway_ip))
    ports = await port_store.many(tx, [holder] if holder else [])
    if ports and ports[0].row.device_owner == INTERFACE_OWNER:
        raise Conflict(
            f"Current gateway ip {subnet.gateway_ip} already in use by port {ports[0].id}. Unable to update.", code="GatewayIpInUse"
        )


async def delete(tx: Tx, subnet: Subnet) -> None:
    """Delete a subnet. Raises Conflict (SubnetInUse) while ports have addresses of it that they did not make up themselves."""
    ports = await port_store.many(tx, await addresses.ports_of_subnet(tx, subnet.id))
    used = [port.id for port in ports if not _gives_up(port, subnet)]
    if used:
        raise Conflict(
            f"Unable to complete operation on subnet {subnet.id}: One or more ports have an IP allocation from this subnet: "
            f"{', '.join(used)}.",
            code="SubnetInUse",
        )
    for port in ports:
        for fixed in port.fixed_ips:
            if fixed.subnet_id == subnet.id:
                await addresses.release(tx, port.id, fixed)
        await tell(tx, port.row)
    await store.remove(tx, subnet.id)
    await changes.record(tx, changes.NETWORK, subnet.network_id)
    await services.keep(tx, (await network_store.many(tx, [subnet.network_id]))[subnet.network_id])


def _gives_up(port: Port, subnet: Subnet) -> bool:
    owner = port.row.device_owner
    return owner == DHCP_OWNER or (subnet.automatic and owner not in ROUTER_OWNERS)
