"""Changes that leave more claimed than there is (C7): accepted, recorded with their cause, and blocking growth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ...kernel.db import Tx
from ..model import Finding
from ..store import hosts, inventories


@asynccontextmanager
async def watch(tx: Tx, provider_id: str, cause: str) -> AsyncIterator[None]:
    """Around a change of a provider's inventory: a finding for each class which that change made, or left more,
    overcommitted.
    """
    before = (await inventories.figures(tx, [provider_id]))[provider_id]
    yield
    after = (await inventories.figures(tx, [provider_id]))[provider_id]
    for name, now in after.items():
        worse = name not in before or now.capacity < before[name].capacity
        if now.overcommitted and worse:
            await hosts.add_finding(tx, Finding(provider_id, name, tx.stamp, cause, now.used, now.capacity))
