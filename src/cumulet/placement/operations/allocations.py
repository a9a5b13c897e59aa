"""Claims as the wire knows them: a consumer's allocations are replaced as a whole, for several consumers at once if need be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from msgspec import UNSET, Struct, UnsetType

from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid
from ..model import Claim, Consumer, Figures, Piece, Provider
from ..refusals import misfitting, short
from ..store import claims as store
from ..store import consumers, inventories
from ..store import providers as provider_store
from ..store.ledger import history
from ..store.topology import pieces
from . import classes, providers

Resources = dict[str, dict[str, int]]
"""Provider id to amounts by resource class."""


class Allocation(Struct, frozen=True):
    """All that a consumer is to hold: nothing if `resources` is empty.

    `generation` is the consumer's as the caller knows it, None if the caller believes that it holds nothing; UNSET is not
    checked.
    """

    consumer_id: str
    project_id: str
    user_id: str
    resources: Resources
    generation: int | UnsetType | None = UNSET
    type: str | None = None


class Held(Struct, frozen=True):
    """What a consumer holds, with the providers it holds it of. No consumer if it holds nothing."""

    resources: Resources
    providers: dict[str, Provider]
    consumer: Consumer | None
    since: str | None


async def of_consumer(tx: Reader, consumer_id: str) -> Held:
    """What a consumer holds."""
    rows = await store.of_consumer(tx, consumer_id)
    if not rows:
        return Held({}, {}, None, None)
    known = await provider_store.among_ids(tx, sorted({row.provider_id for row in rows}))
    return Held(_by_provider(rows), known, await consumers.find(tx, consumer_id), max(row.created_at for row in rows))


async def on_provider(tx: Reader, provider_id: str) -> dict[str, tuple[dict[str, int], int]]:
    """Who claims what of a provider: consumer id to amounts by class, and the consumer's generation."""
    held: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await store.on_provider(tx, provider_id):
        held[row.consumer_id][row.resource_class] = row.amount
    known = await consumers.among_ids(tx, sorted(held))
    return {consumer_id: (resources, known[consumer_id].generation) for consumer_id, resources in held.items()}


def _by_provider(rows: Iterable[Claim]) -> Resources:
    found: Resources = {}
    for row in rows:
        found.setdefault(row.provider_id, {})[row.resource_class] = row.amount
    return found


async def delete(tx: Tx, consumer_id: str) -> bool:
    """Release everything a consumer holds; False if that is nothing."""
    dropped = await store.drop_all(tx, consumer_id)
    if dropped:
        await history.released(tx, dropped)
        await consumers.settle(tx, consumer_id)
    return bool(dropped)


async def put(tx: Tx, wanted: list[Allocation]) -> None:
    """Replace what these consumers hold, all of it or nothing (C1).

    More than there is may be held only where the sum does not grow. Raises Conflict for a consumer that has changed and
    for what does not fit, Invalid for unknown providers and classes.
    """
    for allocation in sorted(wanted, key=lambda allocation: allocation.consumer_id):
        await consumers.lock(tx, allocation.consumer_id, allocation.project_id, allocation.user_id)
    before: dict[str, Resources] = defaultdict(dict)
    for row in await store.of_consumers(tx, [allocation.consumer_id for allocation in wanted]):
        before[row.consumer_id].setdefault(row.provider_id, {})[row.resource_class] = row.amount
    await _check_consumers(tx, wanted, before)
    await _check_names(tx, wanted)
    touched = {provider_id for allocation in wanted for provider_id in allocation.resources}
    touched |= {provider_id for held in before.values() for provider_id in held}
    for provider_id in sorted(touched):
        await providers.advance(tx, provider_id)
    figures = await inventories.figures(tx, sorted(touched))
    _check_room(figures, before.values(), wanted)
    for allocation in wanted:
        await _write(tx, allocation, before[allocation.consumer_id])


async def _check_consumers(tx: Tx, wanted: list[Allocation], before: dict[str, Resources]) -> None:
    known = await consumers.among_ids(tx, sorted(before))
    for allocation in wanted:
        if isinstance(allocation.generation, UnsetType):
            continue
        consumer = known.get(allocation.consumer_id)
        generation = consumer.generation if consumer else None
        if generation != allocation.generation:
            expected = "null" if generation is None else generation
            message = f"consumer generation conflict - expected {expected} but got {allocation.generation}"
            raise Conflict(f"{message} for consumer {allocation.consumer_id}.", code="concurrent_update")


async def _check_names(tx: Tx, wanted: list[Allocation]) -> None:
    asked = {provider_id for allocation in wanted for provider_id in allocation.resources}
    unknown = asked - set(await provider_store.among_ids(tx, sorted(asked)))
    if unknown:
        raise Invalid(f"Allocation for resource provider {', '.join(sorted(unknown))} that does not exist.")
    await classes.check(tx, {name for allocation in wanted for amounts in allocation.resources.values() for name in amounts})


def _check_room(figures: dict[str, dict[str, Figures]], before: Iterable[Resources], wanted: list[Allocation]) -> None:
    change: Counter[tuple[str, str]] = Counter()
    for held in before:
        change.subtract({(at, name): amount for at, amounts in held.items() for name, amount in amounts.items()})
    for allocation in wanted:
        for at, amounts in allocation.resources.items():
            for name, amount in amounts.items():
                _check_fit(at, misfitting(name, amount, figures[at].get(name)))
                change[at, name] += amount
    for (at, name), more in change.items():
        if more > 0:
            _check_fit(at, short(name, more, figures[at][name]))


def _check_fit(provider_id: str, why_not: str | None) -> None:
    if why_not is not None:
        raise Conflict(f"Unable to allocate inventory of resource provider {provider_id}: {why_not}.")


async def _write(tx: Tx, allocation: Allocation, held: Resources) -> None:
    kept = await pieces.of_consumer(tx, allocation.consumer_id) if held else []
    await history.released(tx, await store.drop_all(tx, allocation.consumer_id))
    if not allocation.resources:
        if held:
            await consumers.settle(tx, allocation.consumer_id)
        return
    who = (allocation.consumer_id, allocation.project_id, allocation.user_id, allocation.type)
    epoch = await consumers.advance(tx, *who)
    for provider_id, amounts in allocation.resources.items():
        for name, amount in amounts.items():
            await store.put(tx, Claim(allocation.consumer_id, provider_id, name, amount, epoch, tx.stamp))
        await history.claimed(tx, Claim(allocation.consumer_id, provider_id, "", 0, epoch, tx.stamp), amounts)
    await _keep(tx, allocation.resources, kept)


async def _keep(tx: Tx, resources: Resources, kept: Iterable[Piece]) -> None:
    """A claim that was written anew holds the devices and processors that it held, as many as it has amounts for."""
    left = {(provider_id, name): amount for provider_id, amounts in resources.items() for name, amount in amounts.items()}
    for piece in kept:
        of = (piece.provider_id, piece.resource_class)
        if left.get(of, 0) > 0:
            left[of] -= 1
            await pieces.take(tx, piece)
