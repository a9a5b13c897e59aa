"""Giving servers ports, and taking them away."""

from __future__ import annotations

from ....kernel.db import Reader, Tx
from ....kernel.errors import Invalid, NotFound
from ....kernel.log import current_request_id
from ....kernel.policy import Actor
from ....kernel.workflow import start
from ....network.operations import ports
from ....network.operations.ports import Interface, Wish
from ...model import ACTIVE, PAUSED, STOPPED, TURN, Server
from ...workflows.devices import attach_interface, detach_interface
from ..servers.reading import record, take

STATES = (ACTIVE, PAUSED, STOPPED)


async def index(tx: Reader, server: Server) -> list[Interface]:
    """A server's interfaces, in order."""
    return (await ports.interfaces(tx, [server.id])).get(server.id, [])


async def get(tx: Reader, server: Server, port_id: str) -> Interface:
    """One of a server's interfaces. Raises NotFound."""
    found = next((interface for interface in await index(tx, server) if interface.port_id == port_id), None)
    if found is None:
        raise NotFound(f"Instance {server.id} does not have a port with id {port_id}")
    return found


async def attach(tx: Tx, actor: Actor, server_id: str, wish: Wish) -> Interface:
    """Make or take a port and begin to plug it in. Raises NotFound, Invalid, Conflict, OverQuota."""
    server = await take(tx, actor, server_id, "attach_interface", STATES)
    zone = server.zone or "nova"
    if wish.port_id or wish.network_id:
        made = await ports.prepare(tx, actor, server_id, [wish], [], zone)
    else:
        made = await ports.prepare(tx, actor, server_id, "auto", [], zone)
    if not made:
        raise Invalid(f"No specific network was requested and none are available for project '{server.project_id}'.")
    entry = await record(tx, actor, server_id, "attach_interface")
    await start(tx, attach_interface, made[0], entry, request_id=current_request_id(), turn=TURN.format(server_id))
    return await get(tx, server, made[0])


async def detach(tx: Tx, actor: Actor, server_id: str, port_id: str) -> None:
    """Begin to take a port away. Raises NotFound, Conflict."""
    server = await take(tx, actor, server_id, "detach_interface", STATES)
    await get(tx, server, port_id)
    entry = await record(tx, actor, server_id, "detach_interface")
    await start(tx, detach_interface, port_id, entry, request_id=current_request_id(), turn=TURN.format(server_id))
