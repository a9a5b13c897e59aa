"""Availability zones. https://docs.openstack.org/api-ref/compute/#availability-zones-os-availability-zone"""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, ok
from ...operations import zones
from ...operations.hosts import Known
from .services import COMPUTE


async def index(request: Request) -> Response:
    """Their names, and whether they are available."""
    found = await zones.index(request.tx)
    return ok({"availabilityZoneInfo": [_view(zone, None) for zone in found]})


async def detail(request: Request) -> Response:
    """The same with their hosts."""
    now, found = request.tx.now, await zones.index(request.tx)
    shown = [_view(zone, {known.host.hostname: _service(known, now) for known in zone.hosts} or None) for zone in found]
    return ok({"availabilityZoneInfo": shown})


def _view(zone: zones.Zone, hosts: dict[str, Any] | None) -> dict[str, Any]:
    return {"zoneName": zone.name, "zoneState": {"available": bool(zone.hosts)}, "hosts": hosts}


def _service(known: Known, now: float) -> dict[str, Any]:
    return {COMPUTE: {"available": known.up(now), "active": known.host.enabled, "updated_at": known.heard_at}}
