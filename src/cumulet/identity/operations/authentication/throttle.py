"""Addresses from which too many log-ins failed wait. What is counted is in the database, so that processes do not add up.

An attempt that is under way counts as a failure in its own process: no burst gets through before its first answer.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ....kernel.errors import TooMany, Unauthorized
from ...store import logins
from ..tokens import Tokens

T = TypeVar("T")


async def throttled(tokens: Tokens, address: str | None, work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, which raises Unauthorized for a failure. Raises TooMany instead of doing it where too many failed."""
    if address is None or not tokens.rules.address_failures:
        return await work()
    await _check(tokens, address)
    with tokens.attempts.one_more(address):
        try:
            return await work()
        except Unauthorized:
            async with tokens.db.tx() as tx:
                await tx.hold(f"log-ins from {address}")
                await logins.count_address(tx, address, tokens.rules.address_seconds)
            raise


async def _check(tokens: Tokens, address: str) -> None:
    rules = tokens.rules
    async with tokens.db.read() as tx:
        failures, since = await logins.address_failures(tx, address)
        left = since + rules.address_seconds - tx.now
    if (failures if left > 0 else 0) + tokens.attempts.under_way(address) >= rules.address_failures:
        seconds = max(1, math.ceil(left))
        raise TooMany(f"Too many log-ins failed from this address. Try again in {seconds} s.", seconds, internal=address)
