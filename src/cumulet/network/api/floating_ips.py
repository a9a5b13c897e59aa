"""Floating IPs. https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ..model import FloatingIp, Port
from ..operations import floating_ips, tags
from ..operations.floating_ips import FloatingChanges, NewFloatingIp
from . import bodies, seen
from .networks import seen_tags

PAGING = Paging(
    filters={name: f for name, f in seen.STANDARD_FILTERS.items() if name != "name"}
    | seen.named("port_id", "router_id", "status")
    | {
        "floating_network_id": Filter("network_id"),
        "floating_ip_address": Filter("address"),
        "fixed_ip_address": Filter("fixed_address"),
    },
    sorts={name: stored for name, stored in seen.STANDARD_SORTS.items() if name != "name"}
    | {"floating_ip_address": "address", "fixed_ip_address": "fixed_address", "floating_network_id": "network_id"}
    | {name: name for name in ("status", "router_id")},
)


def view(floating: FloatingIp, port: Port | None, words: list[str]) -> dict[str, Any]:
    """A floating IP."""
    return {
        "id": floating.id,
        **seen.standard(floating),
        "floating_network_id": floating.network_id,
        "floating_ip_address": floating.address,
        "port_id": floating.port_id,
        "fixed_ip_address": floating.fixed_address,
        "router_id": floating.router_id,
        "status": floating.status,
        "port_details": None if port is None else _details(port),
        "tags": words,
    }


def _details(port: Port) -> dict[str, Any]:
    names = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
    return {name: getattr(port.row, name) for name in names}


async def _views(request: Request, found: list[FloatingIp]) -> list[dict[str, Any]]:
    views = seen.Views(request, "floatingip")
    ports = await floating_ips.targets(request.tx, found)
    words = await tags.of(request.tx, [floating.id for floating in found])
    return [views.write(view(f, ports.get(f.port_id or ""), words[f.id])) for f in found]


def _target(project: str) -> dict[str, Any]:
    return {"project_id": project, "tenant_id": project}


async def create(request: Request) -> Response:
    """Create a floating IP."""
    body = bodies.one(request, "floatingip", bodies.NewFloatingIp)
    project = seen.project_of(request, body)
    seen.may_set(request, "create_floatingip", body, _target(project))
    fields = bodies.given(body, "project_id", "tags", "floating_network_id")
    wanted = NewFloatingIp(project_id=project, network_id=body.floating_network_id, **fields)
    made = await floating_ips.create(request.tx, request.actor, wanted)
    await seen_tags(request, made.id, body.tags)
    return created({"floatingip": (await _views(request, [made]))[0]})


async def index(request: Request) -> Response:
    """List floating IPs."""
    found = await floating_ips.page(request.tx, request.actor, seen.page(request, PAGING))
    return ok(seen.listed(request, "floatingips", [f.id for f in found], await _views(request, found)))


async def show(request: Request, floatingip_id: str) -> Response:
    """Show a floating IP."""
    floating = await floating_ips.get(request.tx, request.actor, floatingip_id)
    request.authorize("get_floatingip", **_target(floating.project_id))
    return ok({"floatingip": (await _views(request, [floating]))[0]})


async def update(request: Request, floatingip_id: str) -> Response:
    """Lead a floating IP elsewhere, or describe it anew."""
    body = bodies.one(request, "floatingip", bodies.FloatingIpChanges)
    floating = await floating_ips.get(request.tx, request.actor, floatingip_id)
    seen.may_set(request, "update_floatingip", body, _target(floating.project_id))
    wanted = FloatingChanges(**bodies.given(body))
    changed = await floating_ips.update(request.tx, request.actor, floating, wanted)
    return ok({"floatingip": (await _views(request, [changed]))[0]})


async def delete(request: Request, floatingip_id: str) -> Response:
    """Delete a floating IP."""
    floating = await floating_ips.get(request.tx, request.actor, floatingip_id)
    request.authorize("delete_floatingip", **_target(floating.project_id))
    await floating_ips.delete(request.tx, floating)
    return no_content()
