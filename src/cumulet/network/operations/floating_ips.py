"""Floating IPs: addresses on external networks that lead to a port behind a router."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import NotFound
from ...kernel.policy import Actor
from ..model import DOWN, FLOATING_OWNER, FloatingIp, Port
from ..rules import routing
from ..store import floating_ips as store
from ..store import ports as port_store
from ..store.ports import Place
from . import limits, ports
from .ports import NewPort, WantedIp, associations
from .ports.changing import remove

__all__ = [
    "FloatingChanges",
    "FloatingIp",
    "NewFloatingIp",
    "create",
    "delete",
    "get",
    "page",
    "targets",
    "update",
]


class NewFloatingIp(Struct, frozen=True, kw_only=True):
    """What a floating IP is to be: any address of the network or of a subnet, or a certain one; it may lead somewhere at once."""

    project_id: str
    network_id: str
    subnet_id: str | None = None
    floating_ip_address: str | None = None
    port_id: str | None = None
    fixed_ip_address: str | None = None
    description: str = ""


class FloatingChanges(Struct, frozen=True, kw_only=True):
    """What is to change; a `port_id` of None disconnects."""

    port_id: str | UnsetType | None = UNSET
    fixed_ip_address: str | UnsetType | None = UNSET
    description: str | UnsetType = UNSET


async def get(tx: Reader, actor: Actor, floating_id: str) -> FloatingIp:
    """A floating IP that the actor may see. Raises NotFound."""
    found = await store.find(tx, floating_id, actor.scope)
    if found is None:
        raise NotFound(f"Floating IP {floating_id} could not be found", code="FloatingIPNotFound")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[FloatingIp]:
    """A page of the floating IPs that the actor may see."""
    return await store.page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def targets(tx: Reader, floating: list[FloatingIp]) -> dict[str, Port]:
    """The ports that floating IPs lead to, by id."""
    wanted = [f.port_id for f in floating if f.port_id]
    return {port.id: port for port in await port_store.many(tx, wanted)} if wanted else {}


async def create(tx: Tx, actor: Actor, new: NewFloatingIp) -> FloatingIp:
    """Make a floating IP. Raises OverQuota, NotFound, Invalid, Conflict."""
    await limits.check(tx, new.project_id, "floatingip")
    where = await ports.place(tx, actor, new.network_id, "")
    if not where.network.external:
        raise routing.bad_request(f"Network {new.network_id} is not a valid external network", "floatingip")
    floating_id = ids.new_uuid()
    port = await ports.create(tx, _outside(where), _port(floating_id, new))
    floating = FloatingIp(
        id=floating_id,
        project_id=new.project_id,
        network_id=new.network_id,
        address=port.fixed_ips[0].ip_address,
        floating_port_id=port.id,
        port_id=None,
        fixed_address=None,
        router_id=None,
        status=DOWN,
        description=new.description,
        created_at=tx.stamp,
        updated_at=tx.stamp,
        revision=1,
    )
    await store.add(tx, floating)
    return floating if new.port_id is None else await _attach(tx, actor, floating, new.port_id, new.fixed_ip_address)


def _outside(where: Place) -> Place:
    """The network's IPv4 subnets. It is not the project's port, so the project's limit of ports does not count."""
    subnets = [subnet for subnet in where.subnets if subnet.ip_version == 4]
    if not subnets:
        raise routing.bad_request(f"Network {where.network.id} does not contain any IPv4 subnet", "floatingip")
    return replace(where, subnets=subnets, limit=-1)


def _port(floating_id: str, new: NewFloatingIp) -> NewPort:
    wish = [WantedIp(new.subnet_id, new.floating_ip_address)] if new.subnet_id or new.floating_ip_address else None
    return NewPort(project_id="", device_owner=FLOATING_OWNER, device_id=floating_id, fixed_ips=wish)


async def _attach(tx: Tx, actor: Actor, floating: FloatingIp, port_id: str, address: str | None) -> FloatingIp:
    port = await ports.get(tx, actor, port_id)
    return await associations.attach(tx, floating, port.id, routing.fixed_address(port, address))


async def update(tx: Tx, actor: Actor, floating: FloatingIp, wanted: FloatingChanges) -> FloatingIp:
    """Change a floating IP. Raises NotFound, Invalid, Conflict."""
    if wanted.description is not UNSET:
        floating = await store.save(tx, replace(floating, description=wanted.description))
    port_id = floating.port_id if wanted.port_id is UNSET else wanted.port_id
    if wanted.port_id is None:
        return await associations.detach(tx, floating)
    if port_id is None or (wanted.port_id is UNSET and wanted.fixed_ip_address is UNSET):
        return floating
    address = wanted.fixed_ip_address if isinstance(wanted.fixed_ip_address, str) else None
    return await _attach(tx, actor, floating, str(port_id), address)


async def delete(tx: Tx, floating: FloatingIp) -> None:
    """Delete a floating IP; its address is free again."""
    await associations.detach(tx, floating)
    await store.remove(tx, floating.id)
    for port in await port_store.many(tx, [floating.floating_port_id]):
        await remove(tx, port.row)


async def delete_idle(tx: Tx, network_id: str) -> None:
    """Delete the network's floating IPs that lead nowhere: the network is about to go."""
    for floating in await store.idle(tx, network_id):
        await delete(tx, floating)
