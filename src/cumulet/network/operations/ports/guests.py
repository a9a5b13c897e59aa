"""Servers' ports: making or taking them, binding them to a host, giving them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ....kernel.db import Reader, Tx
from ....kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ....kernel.policy import Actor
from ....kernel.workflow import wake
from ...model import ACTIVE, DOWN, Port, PortRow
from ...store import networks as network_store
from ...store import ports as store
from ...store import security_groups as group_store
from .. import changes, security_groups
from .allocation import ROUTER_OWNERS, WantedIp
from .changing import remove
from .creation import NewPort, create, place


class Wish(Struct, frozen=True):
    """An interface that a server is to have: a port of the user's, or a new one on a network, perhaps with a certain address."""

    network_id: str | None = None
    port_id: str | None = None
    fixed_ip: str | None = None
    tag: str | None = None


class Guest(Struct, frozen=True):
    """The server for which ports are prepared. `groups` are the ids of the security groups of ports that are made."""

    server_id: str
    owner: str
    groups: list[str] | None


async def prepare(
    tx: Tx,
    actor: Actor,
    server_id: str,
    wishes: Sequence[Wish] | Literal["auto", "none"],
    group_names: Sequence[str],
    zone: str,
) -> list[str]:
    """Make or take the ports that a server is to have, and give them to it; their ids, in order.

    "auto" is a port on the one network that the project can use, none if there is no network. Security groups are named by name
    or id; none is the default group. Raises NotFound, Invalid, Forbidden, Conflict (PortInUse, NetworkAmbiguous), OverQuota.
    """
    if wishes == "none":
        return []
    wanted = await _automatic(tx, actor) if wishes == "auto" else list(wishes)
    if not wanted:
        return []
    project_id = actor.project_id or ""
    groups = await _named_groups(tx, project_id, group_names)
    guest = Guest(server_id, f"compute:{zone}", groups)
    first = len(await store.of_server(tx, server_id))
    return [await _fulfil(tx, actor, guest, wish, first + at) for at, wish in enumerate(wanted)]


async def _automatic(tx: Tx, actor: Actor) -> list[Wish]:
    usable = await network_store.usable(tx, actor.project_id or "")
    if len(usable) > 1:
        raise Conflict("Multiple possible networks found, use a Network ID to be more specific.", code="NetworkAmbiguous")
    return [Wish(network_id=network.id) for network in usable]


async def _named_groups(tx: Tx, project_id: str, names: Sequence[str]) -> list[str] | None:
    wanted = list(dict.fromkeys(names))
    if not wanted or wanted == ["default"]:
        return None
    if "default" in wanted:
        await security_groups.ensure_default(tx, project_id)
    found = await group_store.named(tx, project_id, wanted)
    chosen = []
    for name in wanted:
        matching = [group for group in found if group.id == name] or [group for group in found if group.name == name]
        if not matching:
            raise NotFound(f"Security group {name} not found.", code="SecurityGroupNotFound")
        if len(matching) > 1:
            raise Conflict(
                f"Multiple security groups found matching '{name}'. Use an ID to be more specific.", code="NoUniqueMatch"
            )
        chosen.append(matching[0].id)
    return chosen


async def _fulfil(tx: Tx, actor: Actor, guest: Guest, wish: Wish, position: int) -> str:
    if wish.port_id is not None:
        return await _adopt(tx, actor, guest, wish, position)
    where = await place(tx, actor, wish.network_id or "", actor.project_id or "")
    network = where.network
    if network.external and not network.shared and actor.scope not in (None, network.project_id):
        raise Forbidden(
            f"It is not allowed to create an interface on external network {network.id}",
            code="ExternalNetworkAttachForbidden",
        )
    if not where.subnets:
        raise Invalid(f"Network {where.network.id} requires a subnet in order to boot servers on.", code="NetworkRequiresSubnet")
    port = await create(
        tx,
        where,
        NewPort(
            project_id=actor.project_id or "",
            fixed_ips=[WantedIp(ip_address=wish.fixed_ip)] if wish.fixed_ip else None,
            device_id=guest.server_id,
            device_owner=guest.owner,
            server_id=guest.server_id,
            security_groups=guest.groups if where.network.port_security_enabled else None,
            made=True,
            position=position,
            tag=wish.tag,
        ),
    )
    return port.id


async def _adopt(tx: Tx, actor: Actor, guest: Guest, wish: Wish, position: int) -> str:
    """Take a port of the user's: a compare-and-set, so that two servers never get it (safety T7)."""
    port = await store.find(tx, wish.port_id or "", actor.scope)
    if port is None:
        raise NotFound(f"Port id {wish.port_id} could not be found.", code="PortNotFound")
    if port.row.device_id:
        raise Conflict(f"Port {port.id} is still in use.", code="PortInUse")
    if wish.fixed_ip is not None and all(f.ip_address != wish.fixed_ip for f in port.fixed_ips):
        raise Invalid(f"Fixed IP address {wish.fixed_ip} is not one of port {port.id}.", code="FixedIpInvalid")
    held = {"device_id": guest.server_id, "device_owner": guest.owner, "server_id": guest.server_id}
    taken = replace(port.row, **held, made=False, position=position, tag=wish.tag, status=DOWN)
    await store.save(tx, taken)
    await changes.record(tx, changes.PORT, port.id, guest.server_id)
    return port.id


async def _row(tx: Reader, port_id: str) -> PortRow:
    found = await store.row(tx, port_id)
    if found is None:
        raise NotFound(f"Port {port_id} could not be found.", code="PortNotFound")
    return found


async def bind(tx: Tx, port_id: str, host_id: str) -> None:
    """The port's guest is, or is about to be, on this host and on no other. Doing it twice is harmless. Raises NotFound."""
    row = await _row(tx, port_id)
    if row.host_id == host_id and not row.moving_to:
        return
    status = row.status if host_id in (row.host_id, row.moving_to) else DOWN
    await store.save(tx, replace(row, host_id=host_id, moving_to="", status=status))
    await changes.record(tx, changes.PORT, port_id, row.device_id)


async def prepare_move(tx: Tx, port_id: str, host_id: str) -> None:
    """The guest is about to be migrated live to this host: its packets may go there too, until `bind` or `cancel_move`."""
    row = await _row(tx, port_id)
    if row.moving_to != host_id:
        await store.save(tx, replace(row, moving_to=host_id))
        await changes.record(tx, changes.PORT, port_id)


async def cancel_move(tx: Tx, port_id: str) -> None:
    """The guest stays where it is. Harmless if it was not moving, or the port is gone."""
    for port in await store.many(tx, [port_id]):
        if port.row.moving_to:
            await store.save(tx, replace(port.row, moving_to=""))
            await changes.record(tx, changes.PORT, port_id)


async def unbind(tx: Tx, port_id: str) -> None:
    """The port's guest is on no host. Harmless if it never was, or the port is gone."""
    row = await store.row(tx, port_id)
    if row is not None and row.host_id:
        await store.save(tx, replace(row, host_id="", moving_to="", status=DOWN))
        await changes.record(tx, changes.PORT, port_id, row.device_id)


async def is_up(tx: Reader, port_id: str) -> bool:
    """Whether the port is bound and OVN has said that it is up. Raises NotFound."""
    row = await _row(tx, port_id)
    return bool(row.host_id) and row.status == ACTIVE


async def set_up(tx: Tx, port_id: str, up: bool) -> None:
    """OVN reports that a port came up or went down. Whoever waits for its server is woken. Harmless if the port is gone."""
    row = await store.row(tx, port_id)
    if row is not None:
        status = ACTIVE if up and (row.host_id or row.device_owner in ROUTER_OWNERS) else DOWN
        if row.status != status and await store.set_status(tx, port_id, status) and row.server_id:
            await wake(tx, "server", row.server_id)
            tx.signal(changes.INTERFACES, row.device_id)


async def release(tx: Tx, server_id: str, port_id: str | None = None) -> None:
    """Take a server's ports, or one of them, from it: what was made for it is deleted, what the user brought is free again.

    Harmless if there is nothing left to release.
    """
    for port in await store.of_server(tx, server_id):
        if port_id in (None, port.id):
            await _release(tx, port)


async def _release(tx: Tx, port: Port) -> None:
    if port.row.made:
        await remove(tx, port.row)
        return
    freed = replace(
        port.row, device_id="", device_owner="", server_id=None, host_id="", moving_to="", status=DOWN, position=0, tag=None
    )
    await store.save(tx, freed)
    await changes.record(tx, changes.PORT, port.id, port.row.device_id)
