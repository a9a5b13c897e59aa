"""What of the ledger's history is kept, and how the rest is summed up.

Kept are: what happened within the last days, every row of a consumer that holds something, every change of an inventory, and
every grant. Of other claims, the rows between two rows that are kept become one, which says by how much the usage changed on the
whole. So each figure at each kept row is what it was, and *when and by what a figure passed its limit* can be answered for ever:
claims cannot pass a limit (C1); only changes of inventories and ends of grants can.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from ....kernel.clock import stamp
from ....kernel.db import Database, Reader, Tx
from ...model import Transition
from ...store.ledger import grants, history, rollups

DAY = 86400.0
BATCH = 500
"""How many rows one transaction sums up."""

BATCHES = 200
"""How many transactions one sweep makes at most; the next one goes on."""


async def sweep(db: Database, days: float) -> int:
    """Sum up what is older than `days` days; how many rows were. 0 days keep everything."""
    done = 0
    if not days:
        return done
    async with db.read() as reader:
        until = await rollups.last_before(reader, stamp(reader.now - days * DAY))
    for _ in range(BATCHES):
        async with db.tx() as tx:
            provider_id = await rollups.provider_with_ended(tx, until)
            if provider_id is None:
                break
            done += await _sum_up(tx, provider_id, until)
    return done


async def _sum_up(tx: Tx, provider_id: str, until: int) -> int:
    ended = await rollups.ended(tx, provider_id, until, BATCH)
    last = ended[-1].sequence
    rows = [_Row(row.sequence, row.at, _net(row)) for row in ended]
    for sequence, at, kind, change in await rollups.kept(tx, provider_id, last):
        rows.append(_Row(sequence, at, change if kind == history.ROLLUP else None))
    for run in _runs(sorted(rows, key=lambda row: row.sequence), await _ends(tx, provider_id)):
        net = _total(run)
        await rollups.sum_up(tx, [row.sequence for row in run], net, f"claims that have ended, until {run[-1].at}")
    return len(ended)


class _Row(Struct, frozen=True):
    """A row of the history; `net` is by how much it changed what is used, None for one that is kept as it is."""

    sequence: int
    at: str
    net: dict[str, int] | None


def _net(row: Transition) -> dict[str, int]:
    sign = -1 if row.kind == history.RELEASE else 1
    return {name: sign * amount for name, amount in row.change.items()}


async def _ends(tx: Reader, provider_id: str) -> list[str]:
    """When grants ended by the clock: nobody wrote a row then, but usage at that moment decides whether a limit was passed."""
    return sorted(grant.until for grant in await grants.of_provider(tx, provider_id) if grant.revoked_at is None)


def _runs(rows: Sequence[_Row], ends: Sequence[str]) -> list[list[_Row]]:
    """Rows that become one: neighbours with neither a kept row nor the end of a grant in between."""
    runs: list[list[_Row]] = [[]]
    for row in rows:
        before = runs[-1][-1].at if runs[-1] else row.at
        if row.net is None or any(before < end <= row.at for end in ends):
            runs.append([])
        if row.net is not None:
            runs[-1].append(row)
    return [run for run in runs if run]


def _total(run: Iterable[_Row]) -> dict[str, int]:
    total: dict[str, int] = {}
    for row in run:
        for name, amount in (row.net or {}).items():
            total[name] = total.get(name, 0) + amount
    return {name: amount for name, amount in total.items() if amount}


__all__ = ["sweep"]
