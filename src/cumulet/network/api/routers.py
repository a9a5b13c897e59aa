"""Routers. https://docs.openstack.org/api-ref/network/v2/#routers-routers"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct

from ...kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ..model import HostRoute, Port, Router
from ..operations import routers, tags
from ..operations.routers import Connection, NewRouter, RouterChanges, interfaces
from . import bodies, seen
from .networks import seen_tags

GUARDED = ("distributed", "ha")
PAGING = Paging(
    filters=seen.STANDARD_FILTERS
    | seen.flags(admin_state_up="admin_state_up", distributed="distributed", ha="ha")
    | {"status": Filter("status")},
    sorts=seen.STANDARD_SORTS | {"admin_state_up": "admin_state_up"},
)


def _gateway(router: Router, port: Port | None) -> dict[str, Any] | None:
    if router.gateway_network_id is None:
        return None
    fixed = [{"subnet_id": f.subnet_id, "ip_address": f.ip_address} for f in (port.fixed_ips if port else ())]
    return {"network_id": router.gateway_network_id, "enable_snat": router.enable_snat, "external_fixed_ips": fixed}


def view(router: Router, port: Port | None, words: list[str], zone: str) -> dict[str, Any]:
    """A router as administrators see it."""
    return {
        "id": router.id,
        "name": router.name,
        **seen.standard(router),
        "admin_state_up": router.admin_state_up,
        "status": "ACTIVE",
        "distributed": router.distributed,
        "ha": router.ha,
        "external_gateway_info": _gateway(router, port),
        "routes": router.routes,
        "availability_zone_hints": router.availability_zone_hints,
        "availability_zones": [zone] if port else [],
        "flavor_id": None,
        "tags": words,
    }


async def _views(request: Request, found: list[Router]) -> list[dict[str, Any]]:
    views = seen.Views(request, "router", GUARDED)
    ways_out = await routers.gateway_ports(request.tx, found)
    words = await tags.of(request.tx, [router.id for router in found])
    return [views.write(view(r, ways_out.get(r.id), words[r.id], request.parts.wiring.availability_zone)) for r in found]


def _target(project: str) -> dict[str, Any]:
    return {"project_id": project, "tenant_id": project}


def _fields(body: Struct, *leave_out: str) -> dict[str, Any]:
    """What was sent, as operations take it: null flags are left out, the way out is a `gateway`."""
    fields = bodies.emptied(bodies.given(body, *leave_out), "routes")
    fields = {name: value for name, value in fields.items() if not (name in GUARDED and value is None)}
    if "external_gateway_info" in fields:
        gateway = fields.pop("external_gateway_info")
        fields["gateway"] = gateway.made() if gateway is not None else None
    return fields


async def create(request: Request) -> Response:
    """Create a router."""
    body = bodies.one(request, "router", bodies.NewRouter)
    project = seen.project_of(request, body)
    seen.may_set(request, "create_router", body, _target(project))
    wanted = NewRouter(project_id=project, **_fields(body, "project_id", "tags"))
    seen.check_zones(request, wanted.availability_zone_hints)
    made = await routers.create(request.tx, request.actor, wanted)
    await seen_tags(request, made.id, body.tags)
    return created({"router": (await _views(request, [made]))[0]})


async def index(request: Request) -> Response:
    """List routers."""
    found = await routers.page(request.tx, request.actor, seen.page(request, PAGING))
    return ok(seen.listed(request, "routers", [r.id for r in found], await _views(request, found)))


async def show(request: Request, router_id: str) -> Response:
    """Show a router."""
    router = await routers.get(request.tx, request.actor, router_id)
    request.authorize("get_router", **_target(router.project_id))
    return ok({"router": (await _views(request, [router]))[0]})


async def update(request: Request, router_id: str) -> Response:
    """Change a router."""
    body = bodies.one(request, "router", bodies.RouterChanges)
    router = await routers.get(request.tx, request.actor, router_id)
    seen.may_set(request, "update_router", body, _target(router.project_id))
    changed = await routers.update(request.tx, request.actor, router, RouterChanges(**_fields(body)))
    return ok({"router": (await _views(request, [changed]))[0]})


async def delete(request: Request, router_id: str) -> Response:
    """Delete a router."""
    router = await routers.get(request.tx, request.actor, router_id)
    request.authorize("delete_router", **_target(router.project_id))
    await routers.delete(request.tx, router)
    return no_content()


def _connection(router: Router, made: Connection) -> dict[str, Any]:
    return {
        "id": router.id,
        **_target(router.project_id),
        "port_id": made.port_id,
        "network_id": made.network_id,
        "subnet_id": made.subnet_ids[0] if made.subnet_ids else None,
        "subnet_ids": made.subnet_ids,
        "tags": [],
    }


async def add_interface(request: Request, router_id: str) -> Response:
    """Connect a router with a subnet."""
    subnet_id, port_id = bodies.plain(request, bodies.InterfaceBody).wanted()
    router = await routers.get(request.tx, request.actor, router_id)
    request.authorize("add_router_interface", **_target(router.project_id))
    return ok(_connection(router, await interfaces.add(request.tx, request.actor, router, subnet_id, port_id)))


async def remove_interface(request: Request, router_id: str) -> Response:
    """Disconnect a router from a subnet."""
    subnet_id, port_id = bodies.plain(request, bodies.InterfaceBody).wanted()
    router = await routers.get(request.tx, request.actor, router_id)
    request.authorize("remove_router_interface", **_target(router.project_id))
    return ok(_connection(router, await interfaces.remove(request.tx, router, subnet_id, port_id)))


async def add_routes(request: Request, router_id: str) -> Response:
    """Add routes to those that are there."""
    wanted = bodies.one(request, "router", bodies.ExtraRoutes).routes
    router = await routers.get(request.tx, request.actor, router_id)
    request.authorize("add_extraroutes", **_target(router.project_id))
    return await _route(request, router, [*router.routes, *(r for r in wanted if r not in router.routes)])


async def remove_routes(request: Request, router_id: str) -> Response:
    """Take routes from those that are there."""
    unwanted = bodies.one(request, "router", bodies.ExtraRoutes).routes
    router = await routers.get(request.tx, request.actor, router_id)
    request.authorize("remove_extraroutes", **_target(router.project_id))
    return await _route(request, router, [r for r in router.routes if r not in unwanted])


async def _route(request: Request, router: Router, wanted: list[HostRoute]) -> Response:
    changed = await routers.update(request.tx, request.actor, router, RouterChanges(routes=wanted, gateway=UNSET))
    return ok({"router": (await _views(request, [changed]))[0]})
