"""A user's own new password. No token is needed, for it may have expired: the old one is the proof, and guessed no more often."""

from __future__ import annotations

from ....kernel import audit
from ....kernel.db import Reader
from ....kernel.errors import Conflict, Invalid, Unauthorized
from ...model import User
from ...rules import DAY, check_password
from ...store import logins
from ...store import users as user_store
from ..bootstrap import HOLD
from ..resources import users
from ..tokens import Tokens
from . import lockout
from .attempt import ACCOUNT, Attempt, attempted


async def change_password(tokens: Tokens, attempt: Attempt, original: str, new: str) -> None:
    """Change the password of the user whom the attempt names by id.

    Raises Unauthorized if the original one is wrong, Invalid for the new one, TooMany.
    """

    async def work() -> User:
        user = await _proved(tokens, attempt, original)
        check_password(tokens.rules, new)
        async with tokens.db.read() as tx:
            await _check_history(tx, tokens, user, new)
        await _set(tokens, user, await tokens.passwords.hash(new))
        return user

    await attempted(tokens, attempt, work)


async def _proved(tokens: Tokens, attempt: Attempt, original: str) -> User:
    async with tokens.db.read() as tx:
        user = await user_store.find(tx, (attempt.named and attempt.named.id) or "")
        await tokens.directories.check_writable(tx, user.domain_id if user else None)

    async def verify() -> bool:
        return await tokens.passwords.verify(user.password_hash if user else None, original)

    if not await lockout.attempt(tokens, user, verify) or user is None:
        raise Unauthorized("The original password is not right.")
    if not user.enabled:
        raise Unauthorized(f"The account is disabled for user: {user.id}")
    if user.options.get("lock_password"):
        raise Invalid("You cannot change your password: it is locked. Ask your administrator to reset it.")
    return user


async def _check_history(tx: Reader, tokens: Tokens, user: User, new: str) -> None:
    """Raise Invalid if the user set a password too short a time ago, or had the new one not long ago."""
    rules, earlier = tokens.rules, await logins.passwords(tx, user.id)
    if earlier and earlier[0][2] and tx.now < earlier[0][0] + rules.password_least_days * DAY:
        raise Invalid(f"You cannot change your password yet: it must be used for {rules.password_least_days} day(s) first.")
    for _, password_hash, _ in earlier[: rules.unique_passwords]:
        if await tokens.passwords.matches(password_hash, new):
            raise Invalid(f"The new password cannot be identical to one of the last {rules.unique_passwords} passwords.")


async def _set(tokens: Tokens, user: User, password_hash: str) -> None:
    async with tokens.db.tx() as tx:
        await tx.hold(HOLD)
        now = await user_store.find(tx, user.id)
        if now is None or now.password_hash != user.password_hash:
            raise Conflict("The password was changed by somebody else meanwhile.")
        earlier = await logins.passwords(tx, user.id)
        if len(earlier) > max(tokens.rules.unique_passwords, 1):
            await logins.forget_passwords(tx, user.id, earlier[max(tokens.rules.unique_passwords, 1)][0])
        await users.update(tx, now, {"password_hash": password_hash}, tokens.rules, by_itself=True)
        event = {"service": "identity", "action": "updated.user", "user_id": user.id, "target_type": ACCOUNT, "target_id": user.id}
        await audit.record(tx, audit.Event(**event, details={"fields": ["password"]}))
