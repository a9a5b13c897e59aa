"""Routers and their way out."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ....kernel.policy import Actor
from ...model import GATEWAY_OWNER, INTERFACE_OWNER, HostRoute, Port, Router, Subnet
from ...rules import routing
from ...store import floating_ips as floating_store
from ...store import ports as port_store
from ...store import routers as store
from ...store import subnets as subnet_store
from .. import changes, limits, ports
from ..ports import NewPort, WantedIp
from ..ports.allocation import Spot, reallocate
from ..ports.changing import remove


class Gateway(Struct, frozen=True, kw_only=True):
    """The way out: an external network. `enable_snat` UNSET is as it was, True at first; no addresses are chosen."""

    network_id: str
    enable_snat: bool | UnsetType = UNSET
    external_fixed_ips: list[WantedIp] | UnsetType = UNSET


class NewRouter(Struct, frozen=True, kw_only=True):
    """What a router is to be."""

    project_id: str
    name: str = ""
    description: str = ""
    admin_state_up: bool = True
    distributed: bool = False
    ha: bool = True
    gateway: Gateway | None = None
    availability_zone_hints: list[str] = []


class RouterChanges(Struct, frozen=True, kw_only=True):
    """What is to change in a router; a `gateway` of None takes it away."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    admin_state_up: bool | UnsetType = UNSET
    distributed: bool | UnsetType = UNSET
    ha: bool | UnsetType = UNSET
    gateway: Gateway | UnsetType | None = UNSET
    routes: list[HostRoute] | UnsetType = UNSET


_PLAIN = ("name", "description", "admin_state_up", "distributed", "ha")


async def get(tx: Reader, actor: Actor, router_id: str) -> Router:
    """A router that the actor may see. Raises NotFound."""
    found = await store.find(tx, router_id, actor.scope)
    if found is None:
        raise NotFound(f"Router {router_id} could not be found", code="RouterNotFound")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Router]:
    """A page of the routers that the actor may see."""
    return await store.page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def gateway_ports(tx: Reader, routers: list[Router]) -> dict[str, Port]:
    """Each router's port on its external network, by router id."""
    wanted = [router.gateway_port_id for router in routers if router.gateway_port_id]
    found = await port_store.many(tx, wanted) if wanted else []
    return {port.row.device_id: port for port in found}


async def create(tx: Tx, actor: Actor, new: NewRouter) -> Router:
    """Make a router. Raises OverQuota, NotFound, Invalid, Conflict."""
    await limits.check(tx, new.project_id, "router")
    router = Router(
        id=ids.new_uuid(),
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        admin_state_up=new.admin_state_up,
        distributed=new.distributed,
        ha=new.ha,
        enable_snat=True,
        gateway_network_id=None,
        gateway_port_id=None,
        routes=[],
        availability_zone_hints=new.availability_zone_hints,
        created_at=tx.stamp,
        updated_at=tx.stamp,
        revision=1,
    )
    await store.add(tx, router)
    if new.gateway is not None:
        router = await store.save(tx, await _with_gateway(tx, actor, router, new.gateway))
    await changes.record(tx, changes.ROUTER, router.id)
    return router


async def update(tx: Tx, actor: Actor, router: Router, wanted: RouterChanges) -> Router:
    """Change a router. Raises NotFound, Invalid (InvalidRoutes, …), Conflict (RouterExternalGatewayInUseByFloatingIp, …)."""
    await store.lock(tx, router.id)
    fields: dict[str, Any] = {name: getattr(wanted, name) for name in _PLAIN if getattr(wanted, name) is not UNSET}
    changed = replace(router, **fields)
    if wanted.gateway is None:
        changed = await _without_gateway(tx, changed)
    elif isinstance(wanted.gateway, Gateway):
        changed = await _with_gateway(tx, actor, changed, wanted.gateway)
    if wanted.routes is not UNSET:
        changed = replace(changed, routes=await _routes(tx, router.id, wanted.routes))
    saved = await store.save(tx, changed)
    await changes.record(tx, changes.ROUTER, router.id)
    return saved


async def connected(tx: Reader, router_id: str) -> tuple[list[Port], list[Subnet]]:
    """A router's ports, the gateway's too, and their subnets."""
    owners = (INTERFACE_OWNER, GATEWAY_OWNER)
    found = [port for port in await port_store.of_devices(tx, [router_id]) if port.row.device_owner in owners]
    wanted = list({fixed.subnet_id for port in found for fixed in port.fixed_ips})
    subnets = await subnet_store.many(tx, wanted) if wanted else {}
    return found, list(subnets.values())


async def _routes(tx: Tx, router_id: str, wanted: list[HostRoute]) -> list[HostRoute]:
    own, subnets = await connected(tx, router_id)
    return routing.routes(wanted, own, subnets)


async def _with_gateway(tx: Tx, actor: Actor, router: Router, wanted: Gateway) -> Router:
    snat = router.enable_snat if wanted.enable_snat is UNSET else wanted.enable_snat
    if router.gateway_network_id == wanted.network_id and router.gateway_port_id:
        if wanted.external_fixed_ips is not UNSET:
            await _readdress(tx, router.gateway_port_id, wanted.external_fixed_ips)
        return replace(router, enable_snat=bool(snat))
    where = await ports.place(tx, actor, wanted.network_id, "")
    if not where.network.external:
        raise routing.bad_request(f"Network {wanted.network_id} is not an external network")
    router = await _without_gateway(tx, router)
    _, inside = await connected(tx, router.id)
    routing.check_new_subnets(where.subnets, inside)
    fixed = None if wanted.external_fixed_ips is UNSET else wanted.external_fixed_ips
    new = NewPort(project_id="", device_owner=GATEWAY_OWNER, device_id=router.id, fixed_ips=fixed)
    port = await ports.create(tx, replace(where, limit=-1), new)
    return replace(router, enable_snat=bool(snat), gateway_network_id=wanted.network_id, gateway_port_id=port.id)


async def _readdress(tx: Tx, port_id: str, wanted: list[WantedIp]) -> None:
    (port,) = await port_store.many(tx, [port_id])
    where = await port_store.place(tx, port.row.network_id, None, "")
    if where is not None:
        spot = Spot(port.id, port.row.mac_address, GATEWAY_OWNER, where.network, where.subnets)
        await reallocate(tx, spot, port.fixed_ips, wanted)


async def _without_gateway(tx: Tx, router: Router) -> Router:
    if router.gateway_port_id is None:
        return router
    if await floating_store.of_routers(tx, [router.id]):
        raise Conflict(
            f"Gateway cannot be updated for router {router.id}, since a gateway to external network {router.gateway_network_id} is "
            "required by one or more floating IPs.",
            code="RouterExternalGatewayInUseByFloatingIp",
        )
    for port in await port_store.many(tx, [router.gateway_port_id]):
        await remove(tx, port.row)
    return replace(router, gateway_network_id=None, gateway_port_id=None, enable_snat=True)


async def delete(tx: Tx, router: Router) -> None:
    """Delete a router. Raises Conflict (RouterInUse) while something is connected to it."""
    await store.lock(tx, router.id)
    own, _ = await connected(tx, router.id)
    inside = [port.id for port in own if port.row.device_owner == INTERFACE_OWNER]
    if inside:
        raise Conflict(f"Router {router.id} still has ports: {', '.join(inside)}.", code="RouterInUse")
    await _without_gateway(tx, router)
    await store.remove(tx, router.id)
    await changes.record(tx, changes.ROUTER, router.id)
