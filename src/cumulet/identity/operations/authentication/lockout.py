"""Accounts that are locked for a while after too many wrong passwords in a row. Off unless configured.

An attempt is counted as a failure before it is looked at, and forgotten if it was right: however many processes are asked at once,
no more guesses are looked at than may fail.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ....kernel.errors import Unauthorized
from ...model import User
from ...rules import is_locked
from ...store import logins
from ..tokens import Tokens
from .named import REFUSAL


def hold_of(user_id: str) -> str:
    """What a transaction holds that counts a user's attempts."""
    return f"log-in of {user_id}"


async def attempt(tokens: Tokens, user: User | None, verify: Callable[[], Awaitable[bool]]) -> bool:
    """Whether `verify` says that what was shown is right; failures are counted, a success forgets them.

    Raises Unauthorized if the account is locked, in the words of a wrong password and after as much work.
    """
    if not tokens.rules.lockout_failures or user is None or user.options.get("ignore_lockout_failure_attempts"):
        return await verify()
    async with tokens.attempts.turn(user.id):
        if not await _claim(tokens, user):
            await tokens.passwords.verify(None, "")
            raise Unauthorized(REFUSAL, internal=f"the account of user {user.id} is locked")
        right = await verify()
        if right:
            async with tokens.db.tx() as tx:
                await logins.clear_failures(tx, user.id)
    return right


async def _claim(tokens: Tokens, user: User) -> bool:
    """Count an attempt as failed; False if the account is locked. A lock that has run out counts from zero again."""
    async with tokens.db.tx() as tx:
        await tx.hold(hold_of(user.id))
        failures, last_at = await logins.failures(tx, user.id)
        if is_locked(tokens.rules, failures, last_at, tx.now):
            return False
        if last_at + tokens.rules.lockout_seconds <= tx.now:
            await logins.clear_failures(tx, user.id)
        await logins.count_failure(tx, user.id)
        return True
