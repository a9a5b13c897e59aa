"""The security groups of a server are those of its ports."""

from __future__ import annotations

from typing import Any

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ....kernel.policy import Actor
from ....network.operations import ports, security_groups
from ....network.operations.ports import PortChanges
from ...model import ACTIVE, PAUSED, STOPPED, SUSPENDED, Server
from ...store import servers
from .reading import get, refuse_if_locked


async def index(tx: Reader, actor: Actor, server_id: str) -> list[dict[str, Any]]:
    """The groups of all of the server's ports, each once, with their rules as compute's API writes them."""
    server = await get(tx, actor, server_id)
    wanted = sorted({group_id for port in await _ports(tx, actor, server) for group_id in port.security_groups})
    found = [await security_groups.get(tx, actor, group_id) for group_id in wanted]
    return [_written(group) for group in found]


def _written(group: Any) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "tenant_id": group.project_id,
        "rules": [_rule(rule) for rule in group.rules if rule.direction == "ingress" and rule.ethertype == "IPv4"],
    }


def _rule(rule: Any) -> dict[str, Any]:
    return {
        "id": rule.id,
        "parent_group_id": rule.security_group_id,
        "ip_protocol": rule.protocol,
        "from_port": rule.port_range_min,
        "to_port": rule.port_range_max,
        "ip_range": {} if rule.remote_group_id else {"cidr": rule.remote_ip_prefix or "0.0.0.0/0"},
        "group": {"name": rule.remote_group_id} if rule.remote_group_id else {},
    }


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


async def _ports(tx: Reader, actor: Actor, server: Server) -> list[Any]:
    return await ports.page(tx, actor, Page().where("device_id", server.id))
