"""Limits on what a project may have of images: upstream's four, in identity's unified limits, and a storage quota for everybody.

A check comes after the write that it is about, in the same transaction, which holds the project's name: it counts what is there
then, and rolls the write back if that is too much. So at each commit the project is within its limits, whoever writes beside it.
Limits are looked up when work begins; one that is lowered later refuses what comes next and takes nothing away.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..identity.operations import limits
from ..kernel.db import Reader, Tx
from ..kernel.errors import TooLarge
from .store import usage
from .store.usage import Usage

SIZE, STAGE, COUNT, UPLOADING = "image_size_total", "image_stage_total", "image_count_total", "image_count_uploading"
MIB = 1 << 20


class Quota(Struct, frozen=True):
    """What one project may have: numbers of images, and sizes in bytes; None is no limit."""

    project_id: str
    size: int | None = None
    stage: int | None = None
    count: int | None = None
    uploading: int | None = None

    @property
    def limits(self) -> dict[str, int]:
        """What is limited, by the name of the `Usage`."""
        named = {"size": self.size, "stage": self.stage, "count": self.count, "uploading": self.uploading}
        return {name: limit for name, limit in named.items() if limit is not None}


async def of_project(tx: Reader, project_id: str | None, storage_quota: int) -> Quota:
    """A project's limits; `storage_quota` is what every project may keep at most, in bytes, 0 for any amount."""
    if project_id is None:
        return Quota("")
    found = {name: limit for name, limit in (await limits.in_force(tx, "image", project_id)).items() if limit >= 0}
    sizes = {name: found[name] * MIB for name in (SIZE, STAGE) if name in found}
    if storage_quota:
        sizes[SIZE] = min(sizes.get(SIZE, storage_quota), storage_quota)
    return Quota(project_id, sizes.get(SIZE), sizes.get(STAGE), found.get(COUNT), found.get(UPLOADING))


async def check(tx: Tx, quota: Quota) -> None:
    """Raise TooLarge if the project has more than it may, with what this transaction has written so far."""
    if not quota.limits:
        return
    await tx.hold(f"image quota {quota.project_id}")
    used = await usage.of_project(tx, quota.project_id)
    for name, limit in quota.limits.items():
        amount = getattr(used, name)
        if amount > limit:
            raise TooLarge(_refusal(quota, name, limit, amount))


def _refusal(quota: Quota, name: str, limit: int, amount: int) -> str:
    unit = " bytes" if name in ("size", "stage") else ""
    resource = {"size": SIZE, "stage": STAGE, "count": COUNT, "uploading": UPLOADING}[name]
    return f"Project {quota.project_id} is over its limit of {resource}: it would have {amount}{unit}, the limit is {limit}{unit}."


async def shown(tx: Reader, project_id: str) -> dict[str, dict[str, Any]]:
    """What is registered, with the project's limit and what it uses of it, sizes in MiB; -1 is no limit."""
    found = await limits.in_force(tx, "image", project_id)
    used: Usage = await usage.of_project(tx, project_id)
    amounts = {SIZE: used.size // MIB, STAGE: used.stage // MIB, COUNT: used.count, UPLOADING: used.uploading}
    return {name: {"limit": found[name], "usage": amount} for name, amount in amounts.items() if name in found}
