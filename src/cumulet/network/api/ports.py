"""Ports. https://docs.openstack.org/api-ref/network/v2/#ports"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct

from ...kernel.db import Condition, Page
from ...kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ..model import Network, Port
from ..operations import hosts, networks, ports, tags
from ..operations.ports import NewPort
from . import bodies, seen
from .networks import seen_tags

GUARDED = ("binding:host_id", "binding:vif_type", "binding:vif_details", "binding:profile")
PAGING = Paging(
    filters=seen.STANDARD_FILTERS
    | seen.named("network_id", "status", "mac_address", "device_id", "device_owner")
    | seen.flags(admin_state_up="admin_state_up", port_security_enabled="port_security_enabled")
    | {
        "binding:vnic_type": Filter("vnic_type"),
        "security_groups": Filter("group_id"),
        "security_group_id": Filter("group_id"),
    },
    sorts=seen.STANDARD_SORTS
    | {name: name for name in ("network_id", "mac_address", "device_id", "device_owner", "status", "admin_state_up")},
)
NULL_IS_EMPTY = ("allowed_address_pairs", "extra_dhcp_opts", "security_groups", "fixed_ips")


def view(port: Port, host: str, words: list[str]) -> dict[str, Any]:
    """A port as administrators see it."""
    row = port.row
    return {
        "id": row.id,
        "name": row.name,
        **seen.standard(row),
        "network_id": row.network_id,
        "admin_state_up": row.admin_state_up,
        "status": row.status,
        "mac_address": row.mac_address,
        "fixed_ips": [{"subnet_id": fixed.subnet_id, "ip_address": fixed.ip_address} for fixed in port.fixed_ips],
        "device_id": row.device_id,
        "device_owner": row.device_owner,
        "security_groups": port.security_groups,
        "port_security_enabled": row.port_security_enabled,
        "allowed_address_pairs": row.allowed_address_pairs,
        "extra_dhcp_opts": row.extra_dhcp_opts,
        "binding:vnic_type": row.vnic_type,
        "binding:host_id": host,
        "binding:vif_type": "ovs" if row.host_id else "unbound",
        "binding:vif_details": {"port_filter": True, "connectivity": "l2"} if row.host_id else {},
        "binding:profile": row.profile,
        "tags": words,
    }


async def _views(request: Request, found: list[Port]) -> list[dict[str, Any]]:
    views = seen.Views(request, "port", GUARDED)
    words = await tags.of(request.tx, [port.id for port in found])
    bound = {port.row.host_id for port in found} if request.allows("get_port:binding:host_id") else set()
    names = await hosts.names(request.tx, bound)
    return [views.write(view(port, names.get(port.row.host_id, port.row.host_id), words[port.id])) for port in found]


def _target(network: Network, project: str, body: Struct | None = None) -> dict[str, Any]:
    owner = str(getattr(body, "device_owner", None) or "")
    device = {"network_device": owner.startswith("network:")}
    return {**seen.network_target(network), "project_id": project, "tenant_id": project, **device}


async def _target_of(request: Request, port: Port, body: Struct | None = None) -> dict[str, Any]:
    network = (await networks.by_id(request.tx, [port.row.network_id]))[port.row.network_id]
    return _target(network, port.row.project_id, body)


async def _fields(request: Request, body: bodies.NewPort | bodies.PortChanges, *leave_out: str) -> dict[str, Any]:
    """What was sent, as operations take it."""
    fields = bodies.emptied(bodies.given(body, *leave_out), *NULL_IS_EMPTY)
    for name in ("fixed_ips", "allowed_address_pairs"):
        if name in fields:
            fields[name] = [item.made() for item in fields[name]]
    for name, empty in (("device_id", ""), ("device_owner", ""), ("host_id", ""), ("profile", {}), ("mac_address", UNSET)):
        if name in fields and fields[name] is None:
            fields[name] = empty
    if fields.get("host_id"):
        fields["host_id"] = await hosts.id_of(request.tx, fields["host_id"])
    return {name: value for name, value in fields.items() if value is not UNSET}


async def _create(request: Request, body: bodies.NewPort) -> Port:
    project = seen.project_of(request, body)
    where = await ports.place(request.tx, request.actor, body.network_id, project)
    seen.may_set(request, "create_port", body, _target(where.network, project, body))
    ports.refuse_own(str(body.device_owner or ""))
    fields = await _fields(request, body, "network_id", "project_id", "tags")
    made = await ports.create(request.tx, where, NewPort(project_id=project, **fields), request.actor)
    await seen_tags(request, made.id, body.tags)
    return made


async def create(request: Request) -> Response:
    """Create one port, or several."""
    asked, many = bodies.several(request, "port", bodies.NewPort)
    views = await _views(request, [await _create(request, body) for body in asked])
    return created({"ports": views} if many else {"port": views[0]})


async def _page(request: Request) -> Page:
    """The page, with the filters on addresses: `fixed_ips=ip_address=10.0.0.3`, `ip_address_substr=…`, `subnet_id=…`."""
    wanted = seen.page(request, PAGING)
    found: dict[str, list[str]] = {}
    for text in request.query.get("fixed_ips", ()):
        name, _, value = text.partition("=")
        found.setdefault(name, []).append(value)
    conditions = []
    for host in request.query.get("binding:host_id", ()) if request.allows("get_port:binding:host_id") else ():
        conditions.append(Condition("host_id", await hosts.id_of(request.tx, host)))
    for name, stored in (("ip_address", "address"), ("subnet_id", "subnet_id")):
        if name in found:
            conditions.append(Condition(stored, found[name], "in"))
    for value in found.get("ip_address_substr", ()):
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append(Condition("address", f"%{escaped}%", "like"))
    return Page([*wanted.conditions, *conditions], wanted.sort, wanted.limit, wanted.marker, wanted.backwards)


async def index(request: Request) -> Response:
    """List ports."""
    found = await ports.page(request.tx, request.actor, await _page(request))
    return ok(seen.listed(request, "ports", [port.id for port in found], await _views(request, found)))


async def show(request: Request, port_id: str) -> Response:
    """Show a port."""
    port = await ports.get(request.tx, request.actor, port_id)
    request.authorize("get_port", **await _target_of(request, port))
    return ok({"port": (await _views(request, [port]))[0]})


async def update(request: Request, port_id: str) -> Response:
    """Change a port."""
    body = bodies.one(request, "port", bodies.PortChanges)
    port = await ports.get(request.tx, request.actor, port_id)
    seen.may_set(request, "update_port", body, await _target_of(request, port, body))
    wanted = ports.PortChanges(**await _fields(request, body))
    changed = await ports.update(request.tx, request.actor, port, wanted)
    return ok({"port": (await _views(request, [changed]))[0]})


async def delete(request: Request, port_id: str) -> Response:
    """Delete a port."""
    port = await ports.get(request.tx, request.actor, port_id)
    request.authorize("delete_port", **await _target_of(request, port))
    await ports.delete(request.tx, port)
    return no_content()
