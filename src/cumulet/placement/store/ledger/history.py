"""The history of claims and inventories. Rows are appended; nothing here changes one: only `rollups` sums old ones up."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ....kernel.cause import current_cause
from ....kernel.db import Query, Reader, Tx
from ....kernel.log import current_request_id
from ...model import Claim, Transition
from ..tables import HISTORY

T = HISTORY.c
B = sa.bindparam

APPEND: Query[Any] = Query(
    sa.insert(HISTORY).values({c.name: B(c.name, type_=c.type) for c in HISTORY.columns if c.name != "sequence"})
)
OF_PROVIDER = Query(
    sa.select(HISTORY)
    .where(T.provider_id == B("provider_id"), T.sequence < B("before", type_=sa.BigInteger()))
    .order_by(T.sequence.desc())
    .limit(B("limit", type_=sa.Integer())),
    Transition,
)
OF_CONSUMER = Query(sa.select(HISTORY).where(T.consumer_id == B("consumer_id")).order_by(T.sequence), Transition)

CLAIM, RELEASE, INVENTORY, ROLLUP = "claim", "release", "inventory", "rollup"
END = 2**62
"""After every row."""


async def append(tx: Tx, provider_id: str, kind: str, change: dict[str, Any], **about: Any) -> None:
    """Add a row about now and about the cause of what runs. `about` may name a `consumer_id` and a `detail`."""
    told = {"consumer_id": None, "detail": None, **about}
    when = {"at": tx.stamp, "cause": current_cause(), "request_id": current_request_id()}
    await tx.do(APPEND, provider_id=provider_id, kind=kind, change=change, **told, **when)


async def claimed(tx: Tx, claim: Claim, resources: dict[str, int], detail: dict[str, Any] | None = None) -> None:
    """A consumer has claimed these amounts of a provider."""
    await append(tx, claim.provider_id, CLAIM, resources, consumer_id=claim.consumer_id, detail=detail)


async def released(tx: Tx, claims: list[Claim]) -> None:
    """These claims were given up."""
    for (consumer_id, provider_id), change in _together(claims).items():
        await append(tx, provider_id, RELEASE, change, consumer_id=consumer_id)


async def handed_over(tx: Tx, claims: list[Claim], giver_id: str) -> None:
    """These claims are held by another consumer than before: the sum on each provider is what it was."""
    for (taker_id, provider_id), change in _together(claims).items():
        await append(tx, provider_id, RELEASE, change, consumer_id=giver_id, detail={"handed_to": taker_id})
        await append(tx, provider_id, CLAIM, change, consumer_id=taker_id, detail={"handed_by": giver_id})


def _together(claims: list[Claim]) -> dict[tuple[str, str], dict[str, int]]:
    """The amounts by class of each consumer and provider."""
    amounts: dict[tuple[str, str], dict[str, int]] = {}
    for claim in sorted(claims, key=lambda claim: (claim.consumer_id, claim.provider_id, claim.resource_class)):
        amounts.setdefault((claim.consumer_id, claim.provider_id), {})[claim.resource_class] = claim.amount
    return amounts


async def of_provider(tx: Reader, provider_id: str, limit: int, before: int = END) -> list[Transition]:
    """The last transitions of a provider, newest first, older than the row `before`."""
    return await tx.all(OF_PROVIDER, provider_id=provider_id, limit=limit, before=before)


async def of_consumer(tx: Reader, consumer_id: str) -> list[Transition]:
    """Every transition of a consumer, oldest first."""
    return await tx.all(OF_CONSUMER, consumer_id=consumer_id)


__all__ = [
    "CLAIM",
    "INVENTORY",
    "RELEASE",
    "ROLLUP",
    "append",
    "claimed",
    "handed_over",
    "of_consumer",
    "of_provider",
    "released",
]
