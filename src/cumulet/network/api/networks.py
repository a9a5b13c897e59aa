"""Networks. https://docs.openstack.org/api-ref/network/v2/#networks"""

from __future__ import annotations

from typing import Any

import msgspec

from ...kernel.http import Filter, Paging, Request, Response, created, flag, no_content, ok
from ..model import Network
from ..operations import networks, tags
from ..operations.networks import NewNetwork
from ..rules.segments import Segment
from . import bodies, seen

GUARDED = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
PAGING = Paging(
    filters=seen.STANDARD_FILTERS
    | seen.named("status")
    | seen.flags(admin_state_up="admin_state_up", shared="shared", is_default="is_default")
    | {
        "router:external": Filter("external", read=flag),
        "port_security_enabled": Filter("port_security_enabled", read=flag),
        "mtu": Filter("mtu", read=int),
        "provider:network_type": Filter("network_type"),
        "provider:physical_network": Filter("physical_network"),
        "provider:segmentation_id": Filter("segmentation_id", read=int),
    },
    sorts=seen.STANDARD_SORTS | {"admin_state_up": "admin_state_up", "shared": "shared", "mtu": "mtu"},
)
SEGMENT = ("network_type", "physical_network", "segmentation_id")


def view(network: Network, subnet_ids: list[str], words: list[str], zone: str) -> dict[str, Any]:
    """A network as administrators see it."""
    return {
        "id": network.id,
        "name": network.name,
        **seen.standard(network),
        "admin_state_up": network.admin_state_up,
        "status": "ACTIVE",
        "subnets": subnet_ids,
        "shared": network.shared,
        "router:external": network.external,
        "is_default": network.is_default,
        "mtu": network.mtu,
        "port_security_enabled": network.port_security_enabled,
        "availability_zone_hints": network.availability_zone_hints,
        "availability_zones": [zone] if subnet_ids else [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "tags": words,
        "provider:network_type": network.network_type,
        "provider:physical_network": network.physical_network or None,
        "provider:segmentation_id": network.segmentation_id or None,
    }


async def _views(request: Request, found: list[Network]) -> list[dict[str, Any]]:
    views = seen.Views(request, "network", GUARDED)
    subnets = await networks.subnet_ids(request.tx, found)
    words = await tags.of(request.tx, [network.id for network in found])
    return [views.write(view(n, subnets[n.id], words[n.id], request.parts.wiring.availability_zone)) for n in found]


def _wanted(request: Request, body: bodies.NewNetwork) -> NewNetwork:
    fields = bodies.given(body, "project_id", "tags", *SEGMENT)
    segment = Segment(**{name: getattr(body, name) or None for name in SEGMENT})
    return NewNetwork(project_id=seen.project_of(request, body), segment=segment, **fields)


async def create(request: Request) -> Response:
    """Create one network, or several."""
    asked, many = bodies.several(request, "network", bodies.NewNetwork)
    made = []
    for body in asked:
        wanted = _wanted(request, body)
        seen.may_set(request, "create_network", body, {"project_id": wanted.project_id})
        seen.check_zones(request, wanted.availability_zone_hints)
        made.append(await networks.create(request.tx, request.parts.wiring, wanted))
        await seen_tags(request, made[-1].id, body.tags)
    views = await _views(request, made)
    return created({"networks": views} if many else {"network": views[0]})


async def seen_tags(request: Request, object_id: str, words: bodies.Tags) -> None:
    """Put the tags on that came with a new object."""
    if words is not msgspec.UNSET and words:
        await tags.replace(request.tx, object_id, list(words))


async def index(request: Request) -> Response:
    """List networks."""
    found = await networks.page(request.tx, request.actor, seen.page(request, PAGING))
    return ok(seen.listed(request, "networks", [n.id for n in found], await _views(request, found)))


async def show(request: Request, network_id: str) -> Response:
    """Show a network."""
    network = await networks.get(request.tx, request.actor, network_id)
    request.authorize("get_network", **seen.network_target(network))
    return ok({"network": (await _views(request, [network]))[0]})


async def update(request: Request, network_id: str) -> Response:
    """Change a network."""
    body = bodies.one(request, "network", bodies.NetworkChanges)
    network = await networks.get(request.tx, request.actor, network_id)
    seen.may_set(request, "update_network", body, seen.network_target(network))
    changed = await networks.update(request.tx, request.parts.wiring, network, networks.NetworkChanges(**bodies.given(body)))
    return ok({"network": (await _views(request, [changed]))[0]})


async def delete(request: Request, network_id: str) -> Response:
    """Delete a network."""
    network = await networks.get(request.tx, request.actor, network_id)
    request.authorize("delete_network", **seen.network_target(network))
    await networks.delete(request.tx, network)
    return no_content()
