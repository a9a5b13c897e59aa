"""Accounts that are locked for a while after too many wrong passwords in a row. Off unless configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ....kernel.errors import Unauthorized
from ...model import User
from ...rules import is_locked
from ...store import logins
from ..tokens import Tokens
from .named import REFUSAL


async def attempt(tokens: Tokens, user: User | None, verify: Callable[[], Awaitable[bool]]) -> bool:
    """Whether `verify` says that what was shown is right; failures are counted, a success forgets them.

    Raises Unauthorized if the account is locked, in the words of a wrong password.
    """
    if not tokens.rules.lockout_failures or user is None or user.options.get("ignore_lockout_failure_attempts"):
        return await verify()
    async with tokens.attempts.turn(user.id):
        await _check(tokens, user)
        right = await verify()
        await _note(tokens, user, right)
    return right


async def _check(tokens: Tokens, user: User) -> None:
    async with tokens.db.read() as tx:
        failures, last_at = await logins.failures(tx, user.id)
        if is_locked(tokens.rules, failures, last_at, tx.now):
            raise Unauthorized(REFUSAL, internal=f"the account of user {user.id} is locked after {failures} failures")


async def _note(tokens: Tokens, user: User, right: bool) -> None:
    """A lock that has run out counts from zero again."""
    async with tokens.db.read() as tx:
        failures, last_at = await logins.failures(tx, user.id)
        ran_out = last_at + tokens.rules.lockout_seconds <= tx.now
    if right and not failures:
        return
    async with tokens.db.tx() as tx:
        if right or ran_out:
            await logins.clear_failures(tx, user.id)
        if not right:
            await logins.count_failure(tx, user.id)
