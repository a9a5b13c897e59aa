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

_LIMITED = {"size": SIZE, "stage": STAGE, "count": COUNT, "uploading": UPLOADING}
"""What is limited: by the name of the `Usage`, the name of the limit."""
_SIZES = ("size", "stage")


class Quota(Struct, frozen=True):
    """What one project may have, by the name of the `Usage`: numbers of images, and sizes in bytes."""

    project_id: str
    limits: dict[str, int] = {}


async def of_project(tx: Reader, project_id: str | None, storage_quota: int) -> Quota:
    """A project's limits; `storage_quota` is what every project may keep at most, in bytes, 0 for any amount."""
    if project_id is None:
        return Quota("")
    found = await limits.in_force(tx, "image", project_id)
    own: dict[str, int] = {}
    for name, limited in _LIMITED.items():
        if found.get(limited, -1) >= 0:
            own[name] = found[limited] * (MIB if name in _SIZES else 1)
    if storage_quota:
        own["size"] = min(own.get("size", storage_quota), storage_quota)
    return Quota(project_id, own)


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
    unit = " bytes" if name in _SIZES else ""
    over = f"Project {quota.project_id} is over its limit of {_LIMITED[name]}"
    return f"{over}: it would have {amount}{unit}, the limit is {limit}{unit}."


async def shown(tx: Reader, project_id: str) -> dict[str, dict[str, Any]]:
    """What is registered, with the project's limit and what it uses of it, sizes in MiB; -1 is no limit."""
    found = await limits.in_force(tx, "image", project_id)
    used: Usage = await usage.of_project(tx, project_id)
    amounts = {SIZE: used.size // MIB, STAGE: used.stage // MIB, COUNT: used.count, UPLOADING: used.uploading}
    return {name: {"limit": found[name], "usage": amount} for name, amount in amounts.items() if name in found}
