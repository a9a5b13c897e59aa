"""Quotas and limits. https://docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, ok
from ..model import Quota
from ..operations import quotas
from . import values as v
from .volumes.listing import minor

OF_OTHERS = 39
Limit = Annotated[int, Meta(ge=-1, le=2**31 - 1)] | UnsetType


class QuotaChanges(Struct, forbid_unknown_fields=True):
    """Limits to set; -1 is none. `tenant_id` is for old clients, and ignored."""

    volumes: Limit = UNSET
    snapshots: Limit = UNSET
    gigabytes: Limit = UNSET
    backups: Limit = UNSET
    backup_gigabytes: Limit = UNSET
    per_volume_gigabytes: Limit = UNSET
    groups: Limit = UNSET
    tenant_id: str | None = None

    def changes(self) -> dict[str, int]:
        """The limits that were given. Raises Invalid if none was."""
        names = [name for name in self.__struct_fields__ if name != "tenant_id" and getattr(self, name) is not UNSET]
        if not names:
            raise Invalid("Invalid input for field/attribute quota_set. It must hold at least one limit.")
        return {name: getattr(self, name) for name in names}


async def show_quota(request: Request, project_id: str) -> Response:
    """A project's limits, with what it uses if `usage` is asked for."""
    limits = msgspec.structs.asdict(await quotas.of_project(request.tx, project_id))
    shown: dict[str, Any] = {"id": project_id, **limits}
    if v.asked_flag(request, "usage"):
        used = msgspec.structs.asdict(await quotas.usage(request.tx, project_id))
        shown |= {name: {"limit": limit, "in_use": used.get(name, 0), "reserved": 0} for name, limit in limits.items()}
    return ok({"quota_set": shown})


async def show_default_quota(request: Request, project_id: str) -> Response:
    """The limits of a project for which nothing was set."""
    return ok({"quota_set": {"id": project_id, **msgspec.structs.asdict(Quota())}})


async def update_quota(request: Request, project_id: str, body: QuotaChanges) -> Response:
    """Set limits."""
    return ok({"quota_set": msgspec.structs.asdict(await quotas.change(request.tx, project_id, body.changes()))})


async def reset_quota(request: Request, project_id: str) -> Response:
    """Back to the defaults."""
    await quotas.reset(request.tx, project_id)
    return ok(None)


def _project(request: Request) -> str:
    """Whose limits are asked for: another project's only by administrators, since 3.39."""
    own = request.actor.project_id or ""
    if not request.actor.is_admin or minor(request) < OF_OTHERS:
        return own
    return request.asked("project_id") or request.asked("tenant_id") or own


async def limits(request: Request) -> Response:
    """A project's limits, and what it uses."""
    project = _project(request)
    most, used = await quotas.of_project(request.tx, project), await quotas.usage(request.tx, project)
    absolute = {
        "maxTotalVolumes": most.volumes,
        "maxTotalSnapshots": most.snapshots,
        "maxTotalVolumeGigabytes": most.gigabytes,
        "maxTotalBackups": most.backups,
        "maxTotalBackupGigabytes": most.backup_gigabytes,
        "totalVolumesUsed": used.volumes,
        "totalSnapshotsUsed": used.snapshots,
        "totalGigabytesUsed": used.gigabytes,
        "totalBackupsUsed": 0,
        "totalBackupGigabytesUsed": 0,
    }
    return ok({"limits": {"rate": [], "absolute": absolute}})
