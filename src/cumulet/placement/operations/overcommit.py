"""Around changes of inventory: each becomes history, and one that leaves more claimed than there is a finding (C7).

Such a change is accepted, recorded with its cause, and blocks growth until everything fits again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ...kernel.db import Tx
from ..model import Figures, Finding
from ..store import hosts, inventories
from ..store.ledger import history

_RECORDED = ("total", "reserved", "ratio", "unmanaged", "own_use", "min_unit", "max_unit", "step_size")


@asynccontextmanager
async def watch(tx: Tx, provider_id: str, cause: str) -> AsyncIterator[None]:
    """Around a change of a provider's inventory: history, and a finding for each class which that change made, or left more,
    overcommitted.
    """
    before = (await inventories.figures(tx, [provider_id]))[provider_id]
    yield
    after = (await inventories.figures(tx, [provider_id]))[provider_id]
    changes = {name: change for name in {**before, **after} if (change := _change(before.get(name), after.get(name)))}
    if changes:
        await history.append(tx, provider_id, history.INVENTORY, changes, detail={"cause": cause})
    for name, now in after.items():
        worse = name not in before or now.capacity < before[name].capacity
        if now.overcommitted and worse:
            await hosts.add_finding(tx, Finding(provider_id, name, tx.stamp, cause, now.used, now.capacity))


def _change(before: Figures | None, after: Figures | None) -> dict[str, list[Any]]:
    pairs = {name: [getattr(before, name, None), getattr(after, name, None)] for name in _RECORDED}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
