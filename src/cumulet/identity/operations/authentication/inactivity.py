"""Users who have shown no right password for long are disabled. Off unless configured.

As Keystone's `disable_user_account_days_inactive` does: a user counts as active when a password is right, when they are made and
when they are enabled. Other methods do not count; who was never seen is never inactive; `ignore_user_inactivity` exempts.
https://docs.openstack.org/keystone/latest/admin/configuration.html#disabling-inactive-users
"""

from __future__ import annotations

from ....kernel.audit import Event, record
from ....kernel.db import Database, Tx
from ....kernel.errors import Unauthorized
from ...model import User
from ...rules import DAY, Compliance
from ...store import logins
from ...store import users as store
from ..resources import users
from ..tokens import Tokens
from .named import REFUSAL

CHECK_SECONDS = 600.0
_AGAIN = 3600.0
"""Seconds after which it is written anew that somebody is active."""


async def seen(tokens: Tokens, user: User) -> None:
    """A user's password was right. Raises Unauthorized if that is too late: then they are disabled."""
    if not tokens.rules.inactive_days or user.options.get("ignore_user_inactivity"):
        return
    now = tokens.db.clock.now()
    async with tokens.db.read() as read:
        last = await logins.seen_at(read, user.id)
    if last is None or last + _AGAIN <= now < last + tokens.rules.inactive_days * DAY:
        async with tokens.db.tx() as tx:
            await logins.see(tx, user.id)
    elif last + _AGAIN <= now:
        async with tokens.db.tx() as tx:
            await _disable(tx, user.id)
        raise Unauthorized(REFUSAL, internal=f"user {user.id} was inactive for {tokens.rules.inactive_days} days")


async def disable(db: Database, rules: Compliance) -> list[str]:
    """Disable everybody who was inactive for too long; whom."""
    if not rules.inactive_days:
        return []
    async with db.read() as read:
        late = await logins.not_seen_since(read, read.now - rules.inactive_days * DAY)
    done = []
    for user_id in late:
        async with db.tx() as tx:
            if await _disable(tx, user_id):
                done.append(user_id)
    return done


async def _disable(tx: Tx, user_id: str) -> bool:
    """Whether the user was enabled, and not exempt."""
    user = await store.find(tx, user_id)
    if user is None or not user.enabled or user.options.get("ignore_user_inactivity"):
        return False
    await users.update(tx, user, {"enabled": False})
    event = Event(
        service="identity",
        action="disabled.user",
        user_id="inactivity",
        address="this cloud",
        target_type="service/security/account/user",
        target_id=user_id,
    )
    await record(tx, event)
    return True
