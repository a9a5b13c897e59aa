"""Connecting routers with subnets."""

from __future__ import annotations

from ipaddress import ip_address

from msgspec import Struct
from msgspec.structs import replace

from ....kernel.db import Tx
from ....kernel.errors import Conflict, NotFound
from ....kernel.policy import Actor
from ...model import INTERFACE_OWNER, Port, Router, Subnet
from ...rules import routing
from ...store import floating_ips as floating_store
from ...store import ports as port_store
from ...store import routers as router_store
from ...store import subnets as subnet_store
from .. import changes, ports, subnets
from ..ports import NewPort, WantedIp
from ..ports.allocation import Spot, reallocate
from ..ports.changing import remove as remove_port
from .life import connected


class Connection(Struct, frozen=True):
    """A router's port, and the subnets that an operation was about."""

    port_id: str
    network_id: str
    subnet_ids: list[str]


async def add(tx: Tx, actor: Actor, router: Router, subnet_id: str | None, port_id: str | None) -> Connection:
    """Connect a router with a subnet, through a port that is given or made. Raises NotFound, Invalid, Conflict (PortInUse, …)."""
    if (subnet_id is None) == (port_id is None):
        raise routing.bad_request("Either subnet_id or port_id must be specified, and not both")
    await router_store.lock(tx, router.id)
    if port_id is not None:
        made = await _add_port(tx, actor, router, port_id)
    else:
        made = await _add_subnet(tx, actor, router, subnet_id or "")
    await changes.record(tx, changes.ROUTER, router.id)
    return made


async def _add_subnet(tx: Tx, actor: Actor, router: Router, subnet_id: str) -> Connection:
    subnet = await subnets.get(tx, actor, subnet_id)
    if subnet.gateway_ip is None:
        raise routing.bad_request("Subnet for router interface must have a gateway IP")
    own, present = await connected(tx, router.id)
    routing.check_new_subnets([subnet], present)
    where = await ports.place(tx, actor, subnet.network_id, router.project_id)
    wish = WantedIp(subnet.id, subnet.gateway_ip)
    shared = next((port for port in own if _takes(port, subnet)), None)
    if shared is not None:
        spot = Spot(shared.id, shared.row.mac_address, INTERFACE_OWNER, where.network, where.subnets)
        await reallocate(tx, spot, shared.fixed_ips, [*(WantedIp(f.subnet_id, f.ip_address) for f in shared.fixed_ips), wish])
        return Connection(shared.id, subnet.network_id, [subnet.id])
    new = NewPort(project_id=router.project_id, device_owner=INTERFACE_OWNER, device_id=router.id, fixed_ips=[wish])
    port = await ports.create(tx, replace(where, limit=-1), new)
    return Connection(port.id, subnet.network_id, [subnet.id])


def _takes(port: Port, subnet: Subnet) -> bool:
    """One port of a router carries all IPv6 subnets of a network."""
    if subnet.ip_version != 6 or port.row.network_id != subnet.network_id or port.row.device_owner != INTERFACE_OWNER:
        return False
    return any(ip_address(fixed.ip_address).version == 6 for fixed in port.fixed_ips)


async def _add_port(tx: Tx, actor: Actor, router: Router, port_id: str) -> Connection:
    port = await ports.get(tx, actor, port_id)
    if port.row.device_id:
        raise Conflict(
            f"Unable to complete operation on port {port_id} for network {port.row.network_id}. Port already has an attached "
            f"device {port.row.device_id}.",
            code="PortInUse",
        )
    if not port.fixed_ips:
        raise routing.bad_request("Router port must have at least one fixed IP")
    if sum(ip_address(fixed.ip_address).version == 4 for fixed in port.fixed_ips) > 1:
        raise routing.bad_request("Cannot have multiple IPv4 subnets on router port")
    _, present = await connected(tx, router.id)
    new = await subnet_store.many(tx, list(dict.fromkeys(fixed.subnet_id for fixed in port.fixed_ips)))
    routing.check_new_subnets(new.values(), present)
    row = replace(
        port.row,
        device_id=router.id,
        device_owner=INTERFACE_OWNER,
        port_security_enabled=False,
        allowed_address_pairs=[],
        host_id="",
    )
    await port_store.save(tx, row)
    await port_store.join(tx, port.id, [])
    return Connection(port.id, port.row.network_id, [fixed.subnet_id for fixed in port.fixed_ips])


async def remove(tx: Tx, router: Router, subnet_id: str | None, port_id: str | None) -> Connection:
    """Disconnect a router from a subnet, or from all of a port's.

    Raises NotFound, Invalid, Conflict (RouterInterfaceInUseByFloatingIP, RouterInterfaceInUseByRoute).
    """
    if subnet_id is None and port_id is None:
        raise routing.bad_request("Either subnet_id or port_id must be specified")
    await router_store.lock(tx, router.id)
    port = await _interface(tx, router, subnet_id, port_id)
    leaving = [fixed for fixed in port.fixed_ips if port_id is not None or fixed.subnet_id == subnet_id]
    known = await subnet_store.many(tx, [fixed.subnet_id for fixed in leaving])
    for subnet in known.values():
        await _check_unused(tx, router, subnet)
    if len(leaving) == len(port.fixed_ips):
        await remove_port(tx, port.row)
    else:
        where = await port_store.place(tx, port.row.network_id, None, "")
        kept = [WantedIp(f.subnet_id, f.ip_address) for f in port.fixed_ips if f not in leaving]
        if where is not None:
            spot = Spot(port.id, port.row.mac_address, INTERFACE_OWNER, where.network, where.subnets)
            await reallocate(tx, spot, port.fixed_ips, kept)
    await changes.record(tx, changes.ROUTER, router.id)
    return Connection(port.id, port.row.network_id, [fixed.subnet_id for fixed in leaving])


async def _interface(tx: Tx, router: Router, subnet_id: str | None, port_id: str | None) -> Port:
    own = [port for port in (await connected(tx, router.id))[0] if port.row.device_owner == INTERFACE_OWNER]
    found = next(
        (
            port
            for port in own
            if port_id in (None, port.id) and (subnet_id is None or any(f.subnet_id == subnet_id for f in port.fixed_ips))
        ),
        None,
    )
    if found is not None:
        return found
    if port_id is not None:
        if any(port.id == port_id for port in own):
            raise Conflict(
                f"Subnet on port {port_id} does not match the requested subnet {subnet_id}.", code="SubnetMismatchForPort"
            )
        raise NotFound(f"Router {router.id} does not have an interface with id {port_id}", code="RouterInterfaceNotFound")
    raise NotFound(f"Router {router.id} has no interface on subnet {subnet_id}", code="RouterInterfaceNotFoundForSubnet")


async def _check_unused(tx: Tx, router: Router, subnet: Subnet) -> None:
    route = routing.routed_through(router.routes, subnet)
    if route is not None:
        raise Conflict(
            f"Router interface for subnet {subnet.id} on router {router.id} cannot be deleted, as it is required by the route to "
            f"{route.destination}.",
            code="RouterInterfaceInUseByRoute",
        )
    floating = await floating_store.of_routers(tx, [router.id])
    targets = await port_store.many(tx, [f.port_id for f in floating if f.port_id])
    held = {(port.id, fixed.ip_address) for port in targets for fixed in port.fixed_ips if fixed.subnet_id == subnet.id}
    if any((f.port_id, f.fixed_address) in held for f in floating):
        raise Conflict(
            f"Router interface for subnet {subnet.id} on router {router.id} cannot be deleted, as it is required by one or more "
            "floating IPs.",
            code="RouterInterfaceInUseByFloatingIP",
        )
