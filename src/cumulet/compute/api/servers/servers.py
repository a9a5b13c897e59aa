"""Creating, finding, changing and deleting servers."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel.http import Request, Response, Version, accepted, no_content, ok
from ....placement.operations import hosts
from ...operations import server_groups
from ...operations.servers import change, create, delete, reading
from ...operations.servers.reading import Key
from .. import links, values
from . import bodies, listing
from .rendered import Variant
from .views import Shown

SERVERS = "os_compute_api:servers:"
_JSON = {"Content-Type": "application/json"}
_SERVER_GROUPS = Version(2, 71)
_BEFORE_FULL_UPDATES = Version(2, 74)
_NOT_IN_OLD_UPDATES = (
    *("OS-EXT-AZ:availability_zone", "config_drive", "key_name", "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at"),
    *("security_groups", "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state", "OS-EXT-STS:power_state"),
    *("os-extended-volumes:volumes_attached", "host_status"),
)


async def make(request: Request, body: bodies.CreateServer) -> Response:
    """Create one server, or several."""
    version = request.version or Version(2, 1)
    wanted = body.wanted(version, request.allows(SERVERS + "create:zero_disk_flavor"))
    _authorize(request, body.server, wanted)
    made = await create.create(request.tx, request.actor, wanted, request.parts.images)
    if values.flag("return_reservation_id", body.server.return_reservation_id):
        return accepted({"reservation_id": made.reservation_id})
    return _created(request, made, body.server.security_groups)


def _authorize(request: Request, new: bodies.NewServer, wanted: Any) -> None:
    """What a create request asks for beyond a server."""
    if wanted.place.forced:
        request.authorize(SERVERS + "create:forced_host")
    if wanted.place.host:
        request.authorize("compute:servers:create:requested_destination")
    if wanted.disks:
        request.authorize(SERVERS + "create:attach_volume")
    if isinstance(wanted.networks, list):
        request.authorize(SERVERS + "create:attach_network")
    if wanted.trusted_certs:
        request.authorize(SERVERS + "create:trusted_certs")


def _created(request: Request, made: create.Created, groups: list[bodies.GroupName]) -> Response:
    first = made.servers[0]
    shown = links.resource(request.url(""), "servers", first.id)
    server = {
        "id": first.id,
        "links": shown,
        "OS-DCF:diskConfig": first.disk_config,
        "security_groups": [{"name": group.name} for group in groups] or [{"name": "default"}],
        "adminPass": made.admin_password,
    }
    return accepted({"server": server}, location=shown[0]["href"])


async def index(request: Request) -> Response:
    """List servers: ids, names and links."""
    listed = listing.read(request, detail=False)
    if listed is None:
        return ok({"servers": []})
    found = await listing.names(request, listed)
    root = request.url("")
    shown: dict[str, Any] = {
        "servers": [{"id": s.id, "name": s.name, "links": links.resource(root, "servers", s.id)} for s in found]
    }
    more = links.following(request, "/v2.1/servers", [s.id for s in found], listed.page.limit)
    return ok({**shown, "servers_links": more} if more else shown)


async def detail(request: Request) -> Response:
    """List servers with everything that is shown of them."""
    listed = listing.read(request, detail=True)
    if listed is None:
        return ok({"servers": []})
    found = await listing.keys(request, listed)
    texts = await _texts(request, found, _variant(request))
    more = links.following(request, "/v2.1/servers/detail", [key.id for key in found], listed.page.limit)
    tail = b', "servers_links": ' + msgspec.json.encode(more) if more else b""
    return Response(200, b'{"servers": [' + b",".join(texts) + b"]" + tail + b"}", _JSON)


def _variant(request: Request, groups: tuple[str, ...] | None = None) -> Variant:
    version = request.version or Version(2, 1)
    shown = Shown(
        root=request.url(""),
        extended=request.allows("os_compute_api:os-extended-server-attributes"),
        host_status=version >= (2, 16) and request.allows(SERVERS + "show:host_status"),
        extra_specs=version >= (2, 47) and request.allows(SERVERS + "show:flavor-extra-specs"),
        hostname=version >= (2, 90),
        server_groups=groups,
    )
    return Variant(version, shown)


async def _texts(request: Request, keys: list[Key], variant: Variant) -> list[bytes]:
    """Each server as JSON, from what was written before where that still holds."""
    interfaces = await request.parts.interfaces.of(request.tx, [key.id for key in keys])
    statuses = await _host_statuses(request) if variant.shown.host_status else None
    written = request.parts.rendered.of(variant)
    texts: dict[str, bytes] = {}
    missing = []
    for key in keys:
        server_id = key.id
        kept, status = written.get(server_id), None if statuses is None else statuses.get(key.host_id or "")
        texts[server_id] = b""  # keeps its place
        if kept is not None and kept.holds(key.version, interfaces[server_id], status):
            texts[server_id] = kept.text
        else:
            missing.append(server_id)
    if not missing:
        return list(texts.values())
    for server_id, whole in (await reading.whole(request.tx, missing, interfaces)).items():
        status = None if statuses is None else statuses.get(whole.server.host_id or "")
        texts[server_id] = request.parts.rendered.write(variant, whole, status)
    return [text for text in texts.values() if text]


async def _host_statuses(request: Request) -> dict[str, str]:
    """How each host is, by id; of a server that is nowhere it is empty."""
    stamp = request.tx.stamp
    found = {standing.id: _host_status(standing, stamp) for standing in await hosts.standings(request.tx)}
    return {"": "", **found}


def _host_status(host: hosts.Standing, stamp: str) -> str:
    if not host.enabled:
        return "MAINTENANCE"
    return "UP" if host.lease_until > stamp else "UNKNOWN"


async def show(request: Request, server_id: str) -> Response:
    """Show one server."""
    text = await _one_text(request, server_id)
    return Response(200, b'{"server": ' + text + b"}", _JSON)


async def _one_text(request: Request, server_id: str) -> bytes:
    key = await reading.key(request.tx, request.actor, server_id)
    grouped = (request.version or Version(2, 1)) >= _SERVER_GROUPS
    groups = tuple(await server_groups.of_server(request.tx, server_id)) if grouped else ()
    (text,) = await _texts(request, [key], _variant(request, groups))
    return text


async def update(request: Request, server_id: str, body: bodies.ServerChanges) -> Response:
    """Change a server's name, description, hostname or access addresses."""
    version = request.version or Version(2, 1)
    await change.update(request.tx, request.actor, server_id, body.changes(version))
    shown = msgspec.json.decode(await _one_text(request, server_id))
    return ok({"server": _as_updated(shown) if version <= _BEFORE_FULL_UPDATES else shown})


def _as_updated(shown: dict[str, Any]) -> dict[str, Any]:
    """What an update answered before it answered everything."""
    for network in shown["addresses"].values():
        for address in network:
            address.pop("OS-EXT-IPS:type", None)
            address.pop("OS-EXT-IPS-MAC:mac_addr", None)
    hidden = {name for name in shown if name in _NOT_IN_OLD_UPDATES or name.startswith("OS-EXT-SRV-ATTR:")}
    return {name: value for name, value in shown.items() if name not in hidden}


async def remove(request: Request, server_id: str) -> Response:
    """Delete a server."""
    await delete.delete(request.tx, request.actor, server_id)
    return no_content()
