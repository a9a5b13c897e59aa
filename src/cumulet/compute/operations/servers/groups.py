"""The security groups of a server are those of its ports."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ....kernel.policy import Actor
from ....network.operations import ports, security_groups
from ....network.operations.ports import Port, PortChanges
from ....network.operations.security_groups import SecurityGroup, SecurityRule
from ...model import ACTIVE, PAUSED, STOPPED, SUSPENDED, Server
from ...store import servers
from .reading import get, refuse_if_locked


class GroupWithRules(Struct, frozen=True):
    """A security group and its rules."""

    group: SecurityGroup
    rules: list[SecurityRule]


async def index(tx: Reader, actor: Actor, server_id: str) -> list[GroupWithRules]:
    """The groups of all of the server's ports, each once."""
    server = await get(tx, actor, server_id)
    wanted = sorted({group_id for port in await _ports(tx, actor, server) for group_id in port.security_groups})
    found = [await security_groups.get(tx, actor, group_id) for group_id in wanted]
    rules = await security_groups.rules_of(tx, found)
    return [GroupWithRules(group, rules.get(group.id, [])) for group in found]


async def add(tx: Tx, actor: Actor, server_id: str, name: str) -> None:
    """Put all of the server's ports into a group, by name or id. Raises NotFound, Conflict."""
    server, group_id = await _both(tx, actor, server_id, name)
    for port in await _ports(tx, actor, server):
        if group_id not in port.security_groups:
            changes = PortChanges(security_groups=[*port.security_groups, group_id])
            await ports.update(tx, actor, port, changes)
    await servers.change(tx, server_id)


async def remove(tx: Tx, actor: Actor, server_id: str, name: str) -> None:
    """Take all of the server's ports out of a group. Raises NotFound if none is in it, Conflict."""
    server, group_id = await _both(tx, actor, server_id, name)
    inside = [port for port in await _ports(tx, actor, server) if group_id in port.security_groups]
    if not inside:
        raise NotFound(f"Security group {name} not associated with the instance {server_id}")
    for port in inside:
        left = [other for other in port.security_groups if other != group_id]
        await ports.update(tx, actor, port, PortChanges(security_groups=left))
    await servers.change(tx, server_id)


async def _both(tx: Tx, actor: Actor, server_id: str, name: str) -> tuple[Server, str]:
    server = await get(tx, actor, server_id)
    refuse_if_locked(server, actor)
    if server.state not in (ACTIVE, PAUSED, STOPPED, SUSPENDED):
        raise Conflict(f"Cannot change the security groups of instance {server_id} in vm_state {server.state}", code="state")
    found = await security_groups.page(tx, actor, Page().where("project_id", server.project_id))
    matching = [group for group in found if group.id == name] or [group for group in found if group.name == name]
    if not matching:
        raise NotFound(f"Security group {name} not found for project {server.project_id}.")
    if len(matching) > 1:
        raise Invalid(f"Multiple security groups found matching '{name}'. Use an ID to be more specific.")
    return server, matching[0].id


async def _ports(tx: Reader, actor: Actor, server: Server) -> list[Port]:
    return await ports.page(tx, actor, Page().where("server_id", server.id))
