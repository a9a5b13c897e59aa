"""What happened to a host's ledger, and when a figure passed its limit."""

from __future__ import annotations

from ....kernel.db import Reader
from ...model import Claim, Figures, Grant, Transition
from ...store import claims, inventories
from ...store.ledger import grants, history
from ...timeline import Moment, crossings, moments, set_by, whole_since

MANY = 10_000
"""How far back is looked for a host."""


async def of_host(tx: Reader, host_id: str, limit: int = MANY) -> list[Transition]:
    """The last transitions of a host, newest first. That a grant ended by the clock is one of them, though nobody wrote it."""
    written = await history.of_provider(tx, host_id, limit)
    ended = [
        _ended(grant) for grant in await grants.of_provider(tx, host_id) if grant.revoked_at is None and grant.until <= tx.stamp
    ]
    return sorted([*written, *ended], key=lambda transition: (transition.at, transition.sequence), reverse=True)


def _ended(grant: Grant) -> Transition:
    change = {grant.resource_class: {"ratio": [grant.ratio, None]}}
    cause = f"the grant of {grant.granted_by} ended ({grant.reason})"
    return Transition(0, grant.until, grant.provider_id, None, history.INVENTORY, change, cause, "-", None)


async def of_consumer(tx: Reader, consumer_id: str) -> list[Transition]:
    """Everything a consumer has claimed and given up, oldest first."""
    return await history.of_consumer(tx, consumer_id)


async def everything(tx: Reader) -> list[Claim]:
    """Every claim there is, by consumer: for a recount."""
    return await claims.everything(tx)


async def figures(tx: Reader, host_id: str) -> dict[str, Figures]:
    """What a host has and how much of it is claimed."""
    return (await inventories.figures(tx, [host_id]))[host_id]


__all__ = [
    "Claim",
    "Moment",
    "Transition",
    "crossings",
    "everything",
    "figures",
    "moments",
    "of_consumer",
    "of_host",
    "set_by",
    "whole_since",
]
