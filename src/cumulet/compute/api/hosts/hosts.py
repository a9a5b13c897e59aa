"""Hosts as old versions show them. https://docs.openstack.org/api-ref/compute/#hosts-os-hosts-deprecated"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from ....kernel.errors import Invalid, Unsupported
from ....kernel.http import Request, Response, ok
from ...operations import hosts

Switch = Literal["enable", "disable", "Enable", "Disable", "ENABLE", "DISABLE"]


class HostChanges(Struct, kw_only=True, forbid_unknown_fields=True):
    """What changes of a host."""

    status: Switch | None = None
    maintenance_mode: Switch | None = None


async def index(request: Request) -> Response:
    """Enabled hosts, of one zone if asked."""
    zone = request.asked("zone")
    found = [known.host for known in await hosts.index(request.tx) if known.host.enabled]
    shown = [
        {"host_name": host.hostname, "service": "compute", "zone": host.zone} for host in found if zone in (None, "", host.zone)
    ]
    return ok({"hosts": shown})


async def show(request: Request, name: str) -> Response:
    """What a host has, what is used of it, and by whom."""
    known = await hosts.named(request.tx, name)
    load = (await hosts.loads(request.tx, [known.host.id]))[known.host.id]
    facts, projects = known.host.facts, await hosts.by_project(request.tx, known)
    rows = {
        "(total)": hosts.Sizes(facts.vcpus + len(facts.dedicated_cpus), facts.memory_mb, facts.disk_gb),
        "(used_now)": hosts.Sizes(load.used("VCPU") + load.used("PCPU"), load.used("MEMORY_MB"), load.used("DISK_GB")),
        "(used_max)": hosts.total(projects.values()),
        **projects,
    }
    return ok({"host": [_row(name, project, sizes) for project, sizes in rows.items()]})


def _row(name: str, project: str, sizes: hosts.Sizes) -> dict[str, Any]:
    figures = {"cpu": sizes.vcpus, "memory_mb": sizes.ram, "disk_gb": sizes.disk}
    return {"resource": {"host": name, "project": project, **figures}}


async def update(request: Request, name: str, body: HostChanges) -> Response:
    """Whether new servers may be placed there."""
    if body.status is None and body.maintenance_mode is None:
        raise Invalid("One of 'status' and 'maintenance_mode' is required.")
    known = await hosts.named(request.tx, name)
    if body.maintenance_mode is not None or body.status is None:
        raise Unsupported("A host has no maintenance mode here: disable it, and move its servers away.")
    enabled = body.status.lower() == "enable"
    await hosts.set_enabled(request.tx, known, enabled, None)
    return ok({"host": name, "status": "enabled" if enabled else "disabled"})


async def power(request: Request, name: str) -> Response:
    """Switching hosts on and off is not this cloud's business."""
    await hosts.named(request.tx, name)
    raise Unsupported("Hosts are not switched on, off or over from here.")
