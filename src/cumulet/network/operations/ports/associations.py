"""What floating IPs lead to, and what happens to them when that goes."""

from __future__ import annotations

from msgspec.structs import replace

from ....kernel.db import Duplicate, Tx
from ....kernel.errors import Conflict, NotFound
from ...model import ACTIVE, DOWN, FixedIp, FloatingIp
from ...store import floating_ips as store
from ...store import routers as router_store
from .. import changes


async def attach(tx: Tx, floating: FloatingIp, port_id: str, fixed: FixedIp) -> FloatingIp:
    """Lead a floating IP to an address of a port, through the router between them.

    Raises NotFound (ExternalGatewayForFloatingIPNotFound) if there is none, Conflict (FloatingIPPortAlreadyAssociated).
    """
    router_id = await router_store.between(tx, fixed.subnet_id, floating.network_id)
    if router_id is None:
        raise NotFound(
            f"External network {floating.network_id} is not reachable from subnet {fixed.subnet_id}. Therefore, cannot associate "
            f"Port {port_id} with a Floating IP.",
            code="ExternalGatewayForFloatingIPNotFound",
        )
    wanted = replace(floating, port_id=port_id, fixed_address=fixed.ip_address, router_id=router_id, status=ACTIVE)
    try:
        attached = await store.save(tx, wanted)
    except Duplicate:
        raise Conflict(
            f"Cannot associate floating IP {floating.address} ({floating.id}) with port {port_id} using fixed IP "
            f"{fixed.ip_address}, as that fixed IP already has a floating IP on external network.",
            code="FloatingIPPortAlreadyAssociated",
        ) from None
    for changed in {router_id, floating.router_id} - {None}:
        await changes.record(tx, changes.ROUTER, str(changed))
    return attached


async def detach(tx: Tx, floating: FloatingIp) -> FloatingIp:
    """Lead it nowhere. Harmless if it does already."""
    if floating.port_id is None:
        return floating
    detached = await store.save(tx, replace(floating, port_id=None, fixed_address=None, router_id=None, status=DOWN))
    if floating.router_id:
        await changes.record(tx, changes.ROUTER, floating.router_id)
    return detached


async def port_gone(tx: Tx, port_id: str) -> None:
    """The port is being deleted: the floating IPs that lead to it lead nowhere."""
    for floating in await store.of_ports(tx, [port_id]):
        await detach(tx, floating)


async def addresses_gone(tx: Tx, port_id: str, gone: set[str]) -> None:
    """The port has lost these addresses: the floating IPs that lead to one of them lead nowhere."""
    if gone:
        for floating in await store.of_ports(tx, [port_id]):
            if floating.fixed_address in gone:
                await detach(tx, floating)
