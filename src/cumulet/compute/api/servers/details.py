"""Parts of a server with addresses of their own: networks, security groups, password, topology, migrations."""

from __future__ import annotations

from typing import Any

from ....contract.guests import CellSpec
from ....kernel.errors import NotFound
from ....kernel.http import Request, Response, no_content, ok
from ....network.operations.security_groups import SecurityGroup, SecurityRule
from ...operations.devices import interfaces
from ...operations.servers import change, diagnostics, groups, reading
from . import views


async def addresses(request: Request, server_id: str) -> Response:
    """Addresses by network."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"addresses": views.addresses(await interfaces.index(request.tx, server), extended=False)})


async def addresses_on(request: Request, server_id: str, network: str) -> Response:
    """Addresses on one network, by its name."""
    server = await reading.get(request.tx, request.actor, server_id)
    found = views.addresses(await interfaces.index(request.tx, server), extended=False)
    if network not in found:
        raise NotFound("Instance is not a member of specified network")
    return ok({network: found[network]})


async def security_groups(request: Request, server_id: str) -> Response:
    """The security groups of a server, with their rules."""
    found = await groups.index(request.tx, request.actor, server_id)
    return ok({"security_groups": [_group(shown.group, shown.rules) for shown in found]})


def _group(group: SecurityGroup, rules: list[SecurityRule]) -> dict[str, Any]:
    """As compute's own security groups once were: for incoming IPv4 only."""
    shown = [_rule(rule) for rule in rules if rule.direction == "ingress" and rule.ethertype == "IPv4"]
    named = {"id": group.id, "name": group.name, "description": group.description, "tenant_id": group.project_id}
    return {**named, "rules": shown}


def _rule(rule: SecurityRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "parent_group_id": rule.group_id,
        "ip_protocol": rule.protocol,
        "from_port": rule.port_range_min,
        "to_port": rule.port_range_max,
        "ip_range": {} if rule.remote_group_id else {"cidr": rule.remote_ip_prefix or "0.0.0.0/0"},
        "group": {"name": rule.remote_group_id, "tenant_id": rule.project_id} if rule.remote_group_id else {},
    }


async def password(request: Request, server_id: str) -> Response:
    """The password that the guest left, encrypted with the server's key."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"password": server.password})


async def clear_password(request: Request, server_id: str) -> Response:
    """Forget it."""
    await change.clear_password(request.tx, request.actor, server_id)
    return no_content()


async def topology(request: Request, server_id: str) -> Response:
    """The NUMA cells of its guest; where they are in the host only for who may see hosts."""
    server = await reading.get(request.tx, request.actor, server_id)
    sees_host = request.allows("compute:server:topology:host:index")
    nodes = [_node(cell, sees_host) for cell in await diagnostics.cells(request.tx, server)]
    return ok({"nodes": nodes, "pagesize_kb": diagnostics.page_size_kb(server) if nodes else None})


def _node(cell: CellSpec, sees_host: bool) -> dict[str, Any]:
    node: dict[str, Any] = {"memory_mb": cell.memory_mb, "siblings": [], "vcpu_set": cell.cpus}
    if sees_host:
        pinned = zip(cell.cpus, cell.pins, strict=False)
        node |= {"host_node": cell.host_cell or 0, "cpu_pinning": {str(own): cpu for own, cpu in pinned}}
    return node


async def migrations(request: Request, server_id: str) -> Response:
    """Migrations in progress: servers do not migrate here yet."""
    await reading.get(request.tx, request.actor, server_id)
    return ok({"migrations": []})
