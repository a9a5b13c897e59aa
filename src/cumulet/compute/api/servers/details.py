"""Parts of a server with addresses of their own: networks, security groups, password, topology, migrations."""

from __future__ import annotations

from ....kernel.errors import NotFound
from ....kernel.http import Request, Response, no_content, ok
from ...operations.devices import interfaces
from ...operations.servers import change, groups, reading
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
    return ok({"security_groups": await groups.index(request.tx, request.actor, server_id)})


async def password(request: Request, server_id: str) -> Response:
    """The password that the guest left, encrypted with the server's key."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"password": server.password})


async def clear_password(request: Request, server_id: str) -> Response:
    """Forget it."""
    await change.clear_password(request.tx, request.actor, server_id)
    return no_content()


async def topology(request: Request, server_id: str) -> Response:
    """Guests have no NUMA cells of their own here."""
    await reading.get(request.tx, request.actor, server_id)
    return ok({"nodes": [], "pagesize_kb": None})


async def migrations(request: Request, server_id: str) -> Response:
    """Migrations in progress: servers do not migrate here yet."""
    await reading.get(request.tx, request.actor, server_id)
    return ok({"migrations": []})
