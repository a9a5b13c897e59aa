"""Hypervisors: hosts, and what is on them. https://docs.openstack.org/api-ref/compute/#hypervisors-os-hypervisors"""

from __future__ import annotations

from typing import Any

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Paging, Request, Response, Version, ok
from ....kernel.ids import is_uuid
from ...operations import hosts
from ...operations.hosts import Known
from .. import links, queries
from .. import values as v
from .hypervisor_views import FIGURES, UUIDS, Seen, brief, detailed, figures, uptime_of

PAGED = Version(2, 33)
PATTERN = "hypervisor_hostname_pattern"
_PATH = "/v2.1/os-hypervisors"


async def index(request: Request) -> Response:
    """Hypervisors in brief."""
    found, more = await _asked(request, _PATH)
    return ok({"hypervisors": [brief(seen, request.version) for seen in found], **more})


async def detail(request: Request) -> Response:
    """Hypervisors in full."""
    found, more = await _asked(request, f"{_PATH}/detail")
    loads = await hosts.loads(request.tx, [seen.known.host.id for seen in found])
    return ok({"hypervisors": [detailed(seen, loads[seen.known.host.id], request.version) for seen in found], **more})


async def _asked(request: Request, path: str) -> tuple[list[Seen], dict[str, Any]]:
    """The hypervisors that a list is of, and the link to the next page."""
    version = request.version or UUIDS
    if version >= UUIDS:
        queries.only(request, "limit", "marker", PATTERN, "with_servers", since=UUIDS)
        pattern = request.asked(PATTERN)
        if pattern is not None:
            if "limit" in request.query or "marker" in request.query:
                raise Invalid(f"Paging over hypervisors with the {PATTERN} query parameter is not supported.")
            return await _seen(request, await _matching(request, pattern)), {}
    found = await hosts.index(request.tx)
    if version < PAGED:
        return await _seen(request, found), {}
    page = Paging({}, {}, always_limit=True).page(request)
    chosen = _after(request, found, page.marker)[: page.limit]
    more = links.following(request, path, [_key(request, known) for known in chosen], page.limit)
    return await _seen(request, chosen), {"hypervisors_links": more} if more else {}


def _key(request: Request, known: Known) -> str:
    return known.host.id if (request.version or UUIDS) >= UUIDS else str(known.service.sequence)


def _after(request: Request, found: list[Known], marker: str | None) -> list[Known]:
    if marker is None:
        return found
    keys = [_key(request, known) for known in found]
    if marker not in keys:
        raise Invalid(f"marker [{marker}] not found")
    return found[keys.index(marker) + 1 :]


async def _matching(request: Request, pattern: str) -> list[Known]:
    """Hosts with this in their names. Raises NotFound if there is none."""
    found = [known for known in await hosts.index(request.tx) if pattern.lower() in known.host.hostname.lower()]
    if not found:
        raise NotFound(f"No hypervisor matching '{pattern}' could be found.")
    return found


async def _seen(request: Request, found: list[Known]) -> list[Seen]:
    """Hosts as this request wants to see them, with their servers if it asks for those."""
    version, wanted = request.version or UUIDS, request.asked("with_servers")
    if version < UUIDS or wanted is None or not v.flag("with_servers", wanted):
        return [Seen(known, request.tx.now) for known in found]
    residents = await hosts.residents(request.tx, [known.host.id for known in found])
    return [Seen(known, request.tx.now, residents[known.host.id]) for known in found]


async def _get(request: Request, key: str) -> Known:
    """The hypervisor that the path names. Raises Invalid, NotFound."""
    if (request.version or UUIDS) >= UUIDS and not is_uuid(key):
        raise Invalid(f"Invalid uuid {key}")
    found = next((known for known in await hosts.index(request.tx) if _key(request, known) == key), None)
    if found is None:
        raise NotFound(f"Hypervisor with ID '{key}' could not be found.")
    return found


async def show(request: Request, key: str) -> Response:
    """One hypervisor."""
    if (request.version or UUIDS) >= UUIDS:
        queries.only(request, "with_servers", since=UUIDS)
    [seen] = await _seen(request, [await _get(request, key)])
    host_id = seen.known.host.id
    return ok({"hypervisor": detailed(seen, (await hosts.loads(request.tx, [host_id]))[host_id], request.version)})


async def uptime(request: Request, key: str) -> Response:
    """Since when a hypervisor has been running."""
    seen = Seen(await _get(request, key), request.tx.now)
    text = uptime_of(seen)
    if text is None:
        raise Invalid(f"Compute service of {seen.known.host.hostname} is unavailable at this time.")
    return ok({"hypervisor": {**brief(seen, request.version), "uptime": text}})


async def search(request: Request, key: str) -> Response:
    """Hypervisors by a part of their names."""
    found = await _seen(request, await _matching(request, key))
    return ok({"hypervisors": [brief(seen, request.version) for seen in found]})


async def servers(request: Request, key: str) -> Response:
    """The same with their servers."""
    found = await _matching(request, key)
    residents = await hosts.residents(request.tx, [known.host.id for known in found])
    shown = [Seen(known, request.tx.now, residents[known.host.id]) for known in found]
    return ok({"hypervisors": [brief(seen, request.version) for seen in shown]})


async def statistics(request: Request) -> Response:
    """All enabled hypervisors taken together."""
    found = [Seen(known, request.tx.now) for known in await hosts.index(request.tx) if known.host.enabled]
    loads = await hosts.loads(request.tx, [seen.known.host.id for seen in found])
    each = [figures(seen.known, loads[seen.known.host.id]) for seen in found]
    return ok({"hypervisor_statistics": {"count": len(found), **{name: sum(one[name] for one in each) for name in FIGURES}}})
