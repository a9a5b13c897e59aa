"""The ledger: who may use how much of which host (C1-C6).

Everything here writes in the caller's transaction, so that a claim and the row it is for are committed together (C12).
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from msgspec import Struct

from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid, NoCapacity, NotFound
from ..model import Claim, Figures, Wanted
from ..refusals import Removed, Survey, lacking, none_left, passing, survey
from ..store import claims as store
from ..store import consumers, fitting, inventories, providers
from ..store.ledger import history
from ..topology.stock import MEMORY
from ..wishes import Choice, GuestCell, Inside, Part, cell_class
from .topology import inside

MANY = 1000
"""How many candidates are looked at unless told otherwise; nova's default for `max_placement_results`."""


NOTHING = Inside()


class Candidate(Struct, frozen=True):
    """A host that can hold what was wanted. `free` and `capacity` are by resource class: those wanted, processors, memory, disk."""

    host_id: str
    free: dict[str, int]
    capacity: dict[str, int]


async def candidates(tx: Reader, wanted: Wanted, limit: int = MANY) -> list[Candidate]:
    """The first `limit` hosts, by id, that are alive and enabled and can hold it now.

    Raises NoCapacity if there is none: the message says, constraint by constraint, how many hosts it removed, and what the
    nearest host lacked. Its `internal` names the hosts.
    """
    _check(wanted.resources)
    found = await fitting.fitting(tx, wanted, limit)
    if wanted.inside:
        able = await inside.first(tx, [host_id for host_id, _ in found], wanted.inside, limit)
        if len(able) < limit == len(found):
            found = await fitting.fitting(tx, wanted, MANY)
            able = await inside.first(tx, [host_id for host_id, _ in found], wanted.inside, limit)
        found = [each for each in found if each[0] in able]
    if not found:
        raise none_left(await look(tx, wanted))
    return [
        Candidate(
            host_id,
            {name: math.floor(capacity) - used for name, (capacity, used) in figures.items()},
            {name: math.floor(capacity) for name, (capacity, _) in figures.items()},
        )
        for host_id, figures in found
    ]


async def claim(
    tx: Tx,
    consumer_id: str,
    host_id: str,
    resources: dict[str, int],
    *,
    project_id: str,
    user_id: str,
    consumer_type: str = "INSTANCE",
    why: dict[str, Any] | None = None,
    within: Inside = NOTHING,
) -> int:
    """Claim all of `resources` on a host for a consumer, and what it wants `within` the host, and return the claim's epoch.

    `why` is kept in the history.

    Neither a dead nor a disabled host refuses: forcing skips filters, never this guard (C3). A consumer may hold claims on
    several hosts. Raises NoCapacity with figures, NotFound without the host, Conflict if the consumer claims something there
    already. Compute calls `ledger.moves`, which calls this.
    """
    _check(resources)
    epoch = await consumers.advance(tx, consumer_id, project_id, user_id, consumer_type)
    divided = await providers.touch_host(tx, host_id, cell_class(MEMORY))
    if divided is None:
        raise NotFound(f"Host {host_id} could not be found.")
    wanted = Claim(consumer_id, host_id, "", 0, epoch, tx.stamp)
    found = await inside.find(tx, host_id, within, resources.get(MEMORY, 0) if divided else 0)
    amounts = Counter(resources) + Counter(found.amounts.get(host_id, {}))
    if not await store.insert(tx, wanted, amounts):
        raise await _refusal(tx, consumer_id, host_id, amounts)
    await history.claimed(tx, wanted, amounts, why)
    try:
        await inside.take(tx, wanted, found)
    except NoCapacity:
        await history.released(tx, await store.drop(tx, consumer_id, host_id))
        raise
    return epoch


async def look(tx: Reader, wanted: Wanted) -> Survey:
    """What speaks for and against every host, constraint by constraint."""
    verdicts = await fitting.verdicts(tx, wanted)
    if not wanted.inside:
        return survey(wanted, verdicts)
    left = [verdict.host_id for verdict in passing(wanted, verdicts)]
    return survey(wanted, verdicts, await inside.lacking(tx, left, wanted.inside))


def _check(resources: dict[str, int]) -> None:
    if not resources:
        raise Invalid("A claim needs at least one resource.")
    for name, amount in resources.items():
        if amount < 1:
            raise Invalid(f"The amount of {name} must be at least 1, not {amount}.")


async def _refusal(tx: Tx, consumer_id: str, host_id: str, resources: dict[str, int]) -> Conflict | NoCapacity:
    if host_id in await claims_of(tx, consumer_id):
        return Conflict(f"Consumer {consumer_id} holds a claim on this host already.")
    figures = await usage(tx, host_id)
    short = "; ".join(why for name, amount in resources.items() if (why := lacking(name, amount, figures.get(name))))
    return NoCapacity(f"The host cannot hold this: {short}.", code="claim", internal=f"host {host_id}")


async def release(tx: Tx, consumer_id: str, host_id: str | None = None) -> None:
    """Give up a consumer's claims on one host, or all of them. Nothing happens if there is none."""
    dropped = await (store.drop_all(tx, consumer_id) if host_id is None else store.drop(tx, consumer_id, host_id))
    if dropped:
        await history.released(tx, dropped)
        await consumers.settle(tx, consumer_id)


async def claims_of(tx: Reader, consumer_id: str) -> dict[str, dict[str, int]]:
    """What a consumer holds: host id to amounts by resource class, of the host and of all that is below it."""
    held: dict[str, dict[str, int]] = {}
    for root_id, name, amount in await store.by_tree(tx, consumer_id):
        held.setdefault(root_id, {})[name] = amount
    return held


async def epoch(tx: Reader, consumer_id: str) -> int:
    """The epoch of a consumer's newest claim, released or not; 0 before the first."""
    consumer = await consumers.find(tx, consumer_id)
    return consumer.epoch if consumer else 0


async def consumers_on(tx: Reader, host_id: str) -> set[str]:
    """Everybody who holds something of a host."""
    return {claim.consumer_id for claim in await store.on_provider(tx, host_id)}


async def usage(tx: Reader, host_id: str) -> dict[str, Figures]:
    """What a host has and how much of it is claimed, by resource class; empty if it is unknown."""
    return (await inventories.figures(tx, [host_id]))[host_id]


async def usages(tx: Reader, host_ids: list[str]) -> dict[str, dict[str, Figures]]:
    """The same for many hosts, in one statement."""
    return await inventories.figures(tx, host_ids)


__all__ = [
    "Candidate",
    "Choice",
    "Figures",
    "GuestCell",
    "Inside",
    "Part",
    "Removed",
    "Survey",
    "Wanted",
    "candidates",
    "claim",
    "claims_of",
    "epoch",
    "look",
    "none_left",
    "release",
    "usage",
    "usages",
]
