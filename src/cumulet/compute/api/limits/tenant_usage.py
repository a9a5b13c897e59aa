"""What projects have used. https://docs.openstack.org/api-ref/compute/#usage-reports-os-simple-tenant-usage"""

from __future__ import annotations

import re
from typing import Any

from ....kernel import clock
from ....kernel.db import Page
from ....kernel.errors import Invalid
from ....kernel.http import Paging, Request, Response, Version, ok
from ...operations import usage
from ...operations.usage import Period, ProjectUsage, ServerUsage
from ...rules import texts
from .. import links, queries

PAGED = Version(2, 40)
PAGING = Paging({}, {}, always_limit=True)
_PATH = "/v2.1/os-simple-tenant-usage"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?")


def _instant(request: Request, name: str) -> str:
    """A moment from the query, now if it is not there. Raises Invalid."""
    text = request.asked(name)
    if not text:
        return clock.stamp(request.tx.now)
    if not _INSTANT.fullmatch(text):
        raise Invalid(f"Datetime is in invalid format: {name}={text}")
    return texts.instant(name, text.replace(" ", "T"))


def _period(request: Request) -> Period:
    start, end = _instant(request, "start"), _instant(request, "end")
    if start > end or (start == end and request.asked("start")):
        raise Invalid("Invalid start time. The start time cannot occur after the end time.")
    return Period(start, min(end, clock.stamp(request.tx.now)))


async def index(request: Request) -> Response:
    """Every project's usage."""
    queries.only(request, "start", "end", "detailed", "limit", "marker")
    period, detailed = _period(request), request.asked("detailed") == "1"
    found, more = await _page(request, period, _PATH)
    return ok({"tenant_usages": [_view(one, period, detailed) for one in found], **({"tenant_usages_links": more} if more else {})})


async def show(request: Request, project_id: str) -> Response:
    """One project's usage, server by server."""
    queries.only(request, "start", "end", "limit", "marker")
    period = _period(request)
    found, more = await _page(request, period, f"{_PATH}/{project_id}", project_id)
    shown = _view(found[0], period, True) if found else {}
    return ok({"tenant_usage": shown, **({"tenant_usage_links": more} if more else {})})


async def _page(
    request: Request, period: Period, path: str, project_id: str | None = None
) -> tuple[list[ProjectUsage], list[dict[str, str]]]:
    paged = (request.version or PAGED) >= PAGED
    page = PAGING.page(request) if paged else Page(limit=PAGING.most)
    wanted = page if project_id is None else page.where("project_id", project_id)
    found = await usage.between(request.tx, period, wanted)
    ids = [one.server.id for project in found for one in project.servers]
    return found, links.following(request, path, ids, page.limit) if paged else []


def _view(project: ProjectUsage, period: Period, detailed: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "tenant_id": project.project_id,
        "start": period.start,
        "stop": period.end,
        "total_hours": project.hours,
        "total_vcpus_usage": project.total("vcpus"),
        "total_memory_mb_usage": project.total("ram"),
        "total_local_gb_usage": project.total("disk"),
    }
    return {**shown, "server_usages": [_server(one) for one in project.servers]} if detailed else shown


def _server(used: ServerUsage) -> dict[str, Any]:
    server = used.server
    return {
        "instance_id": server.id,
        "name": server.name,
        "tenant_id": server.project_id,
        "flavor": server.flavor["name"],
        "vcpus": server.flavor["vcpus"],
        "memory_mb": server.flavor["ram"],
        "local_gb": used.disk_gb,
        "hours": used.hours,
        "started_at": server.launched_at,
        "ended_at": server.terminated_at,
        "state": "terminated" if server.terminated_at else server.state,
        "uptime": used.age,
    }
