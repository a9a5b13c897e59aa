"""How much a project may use, checked in the transaction that grows it."""

from __future__ import annotations

from ...kernel.db import Reader, Tx
from ...kernel.errors import Invalid, OverQuota
from ..model import Quota, Usage
from ..store import quotas, snapshots, volumes

UNLIMITED = -1
_COUNTED = ("volumes", "snapshots", "gigabytes")


async def of_project(tx: Reader, project_id: str) -> Quota:
    """A project's limits."""
    return await quotas.of_project(tx, project_id)


async def usage(tx: Reader, project_id: str) -> Usage:
    """What a project uses now, counted."""
    count, size = await volumes.sizes(tx, project_id)
    copies, their_size = await snapshots.sizes(tx, project_id)
    return Usage(count, copies, size + their_size)


async def change(tx: Tx, project_id: str, limits: dict[str, int]) -> Quota:
    """Set some limits. Raises Invalid for one that is less than what is used."""
    used = await usage(tx, project_id)
    for resource, most in limits.items():
        there = getattr(used, resource) if resource in _COUNTED else 0
        if UNLIMITED < most < there:
            raise Invalid(
                f"Quota {resource} limit must be equal or greater than existing resources. "
                f"Current usage is {there} and the requested limit is {most}."
            )
    for resource, most in limits.items():
        await quotas.set_limit(tx, project_id, resource, most)
    return await quotas.of_project(tx, project_id)


async def reset(tx: Tx, project_id: str) -> None:
    """Back to the defaults."""
    await quotas.reset(tx, project_id)


async def require_volume(tx: Tx, project_id: str, size_gb: int) -> None:
    """Raise OverQuota, naming the limit, if the project may not have one more volume of this size (C12)."""
    await quotas.hold(tx, project_id)
    limits, used = await quotas.of_project(tx, project_id), await usage(tx, project_id)
    if limits.volumes != UNLIMITED and used.volumes + 1 > limits.volumes:
        raise OverQuota(f"VolumeLimitExceeded: Maximum number of volumes allowed ({limits.volumes}) exceeded for quota 'volumes'.")
    _check_size(limits, size_gb)
    _check_gigabytes(limits, used, size_gb, "volume")


async def require_growth(tx: Tx, project_id: str, old_gb: int, new_gb: int) -> None:
    """Raise OverQuota, naming the limit, if the project may not have a volume grow."""
    await quotas.hold(tx, project_id)
    limits = await quotas.of_project(tx, project_id)
    _check_size(limits, new_gb)
    _check_gigabytes(limits, await usage(tx, project_id), new_gb - old_gb, "volume")


async def require_snapshot(tx: Tx, project_id: str, size_gb: int) -> None:
    """Raise OverQuota, naming the limit, if the project may not have one more snapshot of this size."""
    await quotas.hold(tx, project_id)
    limits, used = await quotas.of_project(tx, project_id), await usage(tx, project_id)
    if limits.snapshots != UNLIMITED and used.snapshots + 1 > limits.snapshots:
        raise OverQuota(f"SnapshotLimitExceeded: Maximum number of snapshots allowed ({limits.snapshots}) exceeded.")
    _check_gigabytes(limits, used, size_gb, "snapshot")


def _check_size(limits: Quota, size_gb: int) -> None:
    most = limits.per_volume_gigabytes
    if most != UNLIMITED and size_gb > most:
        raise OverQuota(f"VolumeSizeExceedsLimit: Requested volume size {size_gb}G is larger than maximum allowed limit {most}G.")


def _check_gigabytes(limits: Quota, used: Usage, more_gb: int, noun: str) -> None:
    if limits.gigabytes != UNLIMITED and used.gigabytes + more_gb > limits.gigabytes:
        raise OverQuota(
            f"VolumeSizeExceedsAvailableQuota: Requested {noun} exceeds allowed gigabytes quota. "
            f"Requested {more_gb}G, quota is {limits.gigabytes}G and {used.gigabytes}G has been consumed."
        )
