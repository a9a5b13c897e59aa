"""Subnets. https://docs.openstack.org/api-ref/network/v2/#subnets"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Filter, Paging, Request, Response, created, flag, no_content, ok
from ..model import Subnet
from ..operations import networks, subnets, tags
from ..operations.subnets import NewSubnet
from . import bodies, seen
from .networks import seen_tags

PAGING = Paging(
    filters=seen.STANDARD_FILTERS
    | seen.named("network_id", "cidr", "gateway_ip", "ipv6_address_mode", "ipv6_ra_mode", "subnetpool_id")
    | seen.flags(enable_dhcp="enable_dhcp", shared="shared")
    | {"ip_version": Filter("ip_version", read=int), "router:external": Filter("external", read=flag)},
    sorts=seen.STANDARD_SORTS
    | {name: name for name in ("network_id", "cidr", "gateway_ip", "enable_dhcp", "ip_version", "subnetpool_id")},
)


def view(subnet: Subnet, external: bool, words: list[str]) -> dict[str, Any]:
    """A subnet."""
    return {
        "id": subnet.id,
        "name": subnet.name,
        **seen.standard(subnet),
        "network_id": subnet.network_id,
        "ip_version": subnet.ip_version,
        "cidr": subnet.cidr,
        "gateway_ip": subnet.gateway_ip,
        "enable_dhcp": subnet.enable_dhcp,
        "allocation_pools": subnet.allocation_pools,
        "dns_nameservers": subnet.dns_nameservers,
        "host_routes": subnet.host_routes,
        "ipv6_ra_mode": subnet.ipv6_ra_mode,
        "ipv6_address_mode": subnet.ipv6_address_mode,
        "subnetpool_id": subnet.subnetpool_id,
        "service_types": subnet.service_types,
        "router:external": external,
        "tags": words,
    }


async def _views(request: Request, found: list[Subnet]) -> list[dict[str, Any]]:
    views = seen.Views(request, "subnet")
    known = await networks.by_id(request.tx, [subnet.network_id for subnet in found])
    words = await tags.of(request.tx, [subnet.id for subnet in found])
    return [views.write(view(subnet, known[subnet.network_id].external, words[subnet.id])) for subnet in found]


async def _target(request: Request, subnet: Subnet) -> dict[str, Any]:
    network = (await networks.by_id(request.tx, [subnet.network_id]))[subnet.network_id]
    return {**seen.network_target(network), "project_id": subnet.project_id, "tenant_id": subnet.project_id}


async def _create(request: Request, body: bodies.NewSubnet) -> Subnet:
    network = await networks.get(request.tx, request.actor, body.network_id)
    project = body.project_id if isinstance(body.project_id, str) else network.project_id
    if not request.actor.is_admin:
        project = seen.project_of(request, body)
    seen.may_set(request, "create_subnet", body, {**seen.network_target(network), "project_id": project, "tenant_id": project})
    made = await subnets.create(request.tx, request.actor, network, _wanted(body, project))
    await seen_tags(request, made.id, body.tags)
    return made


def _wanted(body: bodies.NewSubnet, project: str) -> NewSubnet:
    fields = bodies.given(body, "network_id", "project_id", "tags", "segment_id")
    return NewSubnet(project_id=project, **bodies.emptied(fields, "dns_nameservers", "host_routes"))


async def create(request: Request) -> Response:
    """Create one subnet, or several."""
    asked, many = bodies.several(request, "subnet", bodies.NewSubnet)
    views = await _views(request, [await _create(request, body) for body in asked])
    return created({"subnets": views} if many else {"subnet": views[0]})


async def index(request: Request) -> Response:
    """List subnets."""
    found = await subnets.page(request.tx, request.actor, seen.page(request, PAGING))
    return ok(seen.listed(request, "subnets", [s.id for s in found], await _views(request, found)))


async def show(request: Request, subnet_id: str) -> Response:
    """Show a subnet."""
    subnet = await subnets.get(request.tx, request.actor, subnet_id)
    request.authorize("get_subnet", **await _target(request, subnet))
    return ok({"subnet": (await _views(request, [subnet]))[0]})


async def update(request: Request, subnet_id: str) -> Response:
    """Change a subnet."""
    body = bodies.one(request, "subnet", bodies.SubnetChanges)
    subnet = await subnets.get(request.tx, request.actor, subnet_id)
    seen.may_set(request, "update_subnet", body, await _target(request, subnet))
    wanted = subnets.SubnetChanges(**bodies.emptied(bodies.given(body), "dns_nameservers", "host_routes"))
    changed = await subnets.update(request.tx, subnet, wanted)
    return ok({"subnet": (await _views(request, [changed]))[0]})


async def delete(request: Request, subnet_id: str) -> Response:
    """Delete a subnet."""
    subnet = await subnets.get(request.tx, request.actor, subnet_id)
    request.authorize("delete_subnet", **await _target(request, subnet))
    await subnets.delete(request.tx, subnet)
    return no_content()
