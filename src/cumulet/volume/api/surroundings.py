"""What clients ask before they use volumes: types, zones, quotas, limits, services, extensions."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ...kernel.http import Request, Response, flag, ok
from ..model import Quota
from ..operations import quotas, zones
from . import bodies, views


async def list_types(request: Request) -> Response:
    """The volume types: there is one."""
    return ok({"volume_types": [views.default_type()]})


async def show_type(request: Request, type_id: str) -> Response:
    """A volume type, by id or name; `default` is the default one."""
    zones.require_type(type_id)
    return ok({"volume_type": views.default_type()})


async def list_zones(request: Request) -> Response:
    """Availability zones."""
    return ok({"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": await zones.available(request.tx)}}]})


def _limits(limits: Quota) -> dict[str, int]:
    return {
        "volumes": limits.volumes,
        "gigabytes": limits.gigabytes,
        "per_volume_gigabytes": limits.per_volume_gigabytes,
        "snapshots": 0,
        "backups": 0,
        "backup_gigabytes": 0,
        "groups": 0,
    }


async def show_quota(request: Request, project: str) -> Response:
    """A project's limits, with what it uses if `usage` is asked for."""
    limits = _limits(await quotas.of_project(request.tx, project))
    shown: dict[str, Any] = {"id": project, **limits}
    if flag(request.asked("usage") or "false"):
        used = await quotas.usage(request.tx, project)
        in_use = {"volumes": used.volumes, "gigabytes": used.gigabytes}
        shown |= {name: {"limit": limit, "in_use": in_use.get(name, 0), "reserved": 0} for name, limit in limits.items()}
    return ok({"quota_set": shown})


async def show_default_quota(request: Request, project: str) -> Response:
    """The limits of a project for which nothing was set."""
    return ok({"quota_set": {"id": project, **_limits(Quota())}})


async def update_quota(request: Request, project: str, body: bodies.QuotaChanges) -> Response:
    """Set limits."""
    given = {name: getattr(body, name) for name in body.__struct_fields__ if getattr(body, name) is not UNSET}
    return ok({"quota_set": _limits(await quotas.change(request.tx, project, given))})


async def reset_quota(request: Request, project: str) -> Response:
    """Back to the defaults."""
    await quotas.reset(request.tx, project)
    return ok(None)


async def limits(request: Request) -> Response:
    """The project's limits, and what it uses."""
    project = request.actor.project_id or ""
    most, used = await quotas.of_project(request.tx, project), await quotas.usage(request.tx, project)
    absolute = {
        "maxTotalVolumes": most.volumes,
        "maxTotalVolumeGigabytes": most.gigabytes,
        "maxTotalSnapshots": 0,
        "maxTotalBackups": 0,
        "maxTotalBackupGigabytes": 0,
        "totalVolumesUsed": used.volumes,
        "totalGigabytesUsed": used.gigabytes,
        "totalSnapshotsUsed": 0,
        "totalBackupsUsed": 0,
        "totalBackupGigabytesUsed": 0,
    }
    return ok({"limits": {"rate": [], "absolute": absolute}})


async def list_services(request: Request) -> Response:
    """The hosts as volume services."""
    return ok({"services": await zones.services(request.tx)})


async def list_extensions(request: Request) -> Response:
    """Extensions: none are named; what there is is in the core."""
    return ok({"extensions": []})
