"""How much a project may use, checked in the transaction that grows it."""

from __future__ import annotations

from ...kernel.db import Reader, Tx
from ...kernel.errors import OverQuota
from ..model import Quota, Usage
from ..store import quotas, volumes

UNLIMITED = -1


async def of_project(tx: Reader, project_id: str) -> Quota:
    """A project's limits."""
    return await quotas.of_project(tx, project_id)


async def usage(tx: Reader, project_id: str) -> Usage:
    """What a project uses now."""
    return await volumes.usage(tx, project_id)


async def change(tx: Tx, project_id: str, limits: dict[str, int]) -> Quota:
    """Set some limits."""
    for resource, most in limits.items():
        await quotas.set_limit(tx, project_id, resource, most)
    return await quotas.of_project(tx, project_id)


async def reset(tx: Tx, project_id: str) -> None:
    """Back to the defaults."""
    await quotas.reset(tx, project_id)


async def require(tx: Reader, project_id: str, more_volumes: int, more_gb: int) -> None:
    """Raise OverQuota, naming the limit, if the project may not have that much more."""
    limits, used = await quotas.of_project(tx, project_id), await volumes.usage(tx, project_id)
    if limits.volumes != UNLIMITED and used.volumes + more_volumes > limits.volumes:
        raise OverQuota(f"VolumeLimitExceeded: Maximum number of volumes allowed ({limits.volumes}) exceeded for quota 'volumes'.")
    if limits.gigabytes != UNLIMITED and used.gigabytes + more_gb > limits.gigabytes:
        raise OverQuota(
            "VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota. "
            f"Requested {more_gb}G, quota is {limits.gigabytes}G and {used.gigabytes}G has been consumed."
        )
    if limits.per_volume_gigabytes != UNLIMITED and more_gb > limits.per_volume_gigabytes:
        raise OverQuota(f"VolumeSizeExceedsLimit: Requested volume size {more_gb}G is larger than {limits.per_volume_gigabytes}G.")
