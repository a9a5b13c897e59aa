"""Users and their passwords."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound, Unauthorized
from ...model import User
from ...rules import DAY, Compliance, check_password, password_end
from ...store import assignments, logins, users
from ...store.delegation import application_credentials, credentials
from .. import projects
from ..tokens import Tokens
from . import options


async def get(tx: Reader, user_id: str) -> User:
    """A user. Raises NotFound."""
    found = await users.find(tx, user_id)
    if found is None:
        raise NotFound(f"Could not find user: {user_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[User]:
    """Users."""
    return await users.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any], rules: Compliance | None = None) -> User:
    """A new user; `password_hash` is the hash of its password, or None. Raises Conflict, NotFound, Invalid."""
    await projects.get_domain(tx, fields["domain_id"])
    given = options.of_user(fields.pop("options", {}))
    ends = password_end(rules or Compliance(), given, tx.now, by_its_user=False) if fields["password_hash"] else None
    user = User(id=ids.new_hex(), valid_from=0.0, password_expires_at=ends, options=given, **fields)
    await _check_name(tx, user)
    await users.add(tx, user)
    await _keep_password(tx, user, by_itself=False)
    return user


async def _check_name(tx: Reader, user: User) -> None:
    same = await users.find_by_name(tx, user.name, user.domain_id)
    if same is not None and same.id != user.id:
        raise Conflict(f"Conflict occurred attempting to store user - Duplicate entry found with name {user.name}.")


async def _keep_password(tx: Tx, user: User, by_itself: bool) -> None:
    if user.password_hash is not None:
        await logins.add_password(tx, user.id, user.password_hash, by_itself)


async def update(tx: Tx, user: User, changes: dict[str, Any], rules: Compliance | None = None, by_itself: bool = False) -> User:
    """Change a user. A new password, or being disabled, makes its tokens void. Raises Conflict, Invalid."""
    if changes.get("domain_id", user.domain_id) != user.domain_id:
        raise Invalid("Invalid input for field/attribute domain_id. It cannot be changed.")
    if "options" in changes:
        changes["options"] = options.of_user(changes["options"], user.options)
    changed = msgspec.structs.replace(user, **changes)
    if "password_hash" in changes:
        ends = password_end(rules or Compliance(), changed.options, tx.now, by_itself)
        changed = msgspec.structs.replace(changed, password_expires_at=ends if changed.password_hash else None)
    if "password_hash" in changes or (user.enabled and not changed.enabled):
        changed = msgspec.structs.replace(changed, valid_from=tx.now)
    await _check_name(tx, changed)
    await users.save(tx, changed)
    if "password_hash" in changes:
        await _keep_password(tx, changed, by_itself)
        await logins.clear_failures(tx, user.id)
    tx.signal("identity", user.id)
    return changed


async def change_password(tx: Tx, tokens: Tokens, user_id: str, original: str, new: str) -> None:
    """A user's own change of password. Raises Unauthorized if the original one is wrong, Invalid for the new one."""
    user = await users.find(tx, user_id)
    await tokens.directories.check_writable(tx, user.domain_id if user else None)
    if not await tokens.passwords.verify(user.password_hash if user else None, original) or user is None:
        raise Unauthorized("The original password is not right.")
    if not user.enabled:
        raise Unauthorized(f"The account is disabled for user: {user.id}")
    if user.options.get("lock_password"):
        raise Invalid("You cannot change your password: it is locked. Ask your administrator to reset it.")
    check_password(tokens.rules, new)
    await _check_history(tx, tokens, user, new)
    await update(tx, user, {"password_hash": await tokens.passwords.hash(new)}, tokens.rules, by_itself=True)


async def _check_history(tx: Tx, tokens: Tokens, user: User, new: str) -> None:
    """Raise Invalid if the user set a password too short a time ago, or had the new one not long ago."""
    rules, earlier = tokens.rules, await logins.passwords(tx, user.id)
    if earlier and earlier[0][2] and tx.now < earlier[0][0] + rules.password_least_days * DAY:
        raise Invalid(f"You cannot change your password yet: it must be used for {rules.password_least_days} day(s) first.")
    for at, (set_at, password_hash, _) in enumerate(earlier):
        if at >= max(rules.unique_passwords, 1):
            await logins.forget_passwords(tx, user.id, set_at)
            return
        if rules.unique_passwords and await tokens.passwords.matches(password_hash, new):
            raise Invalid(f"The new password cannot be identical to one of the last {rules.unique_passwords} passwords.")


async def delete(tx: Tx, user_id: str) -> None:
    """Delete a user with everything it held, delegated and kept."""
    await get(tx, user_id)
    await remove(tx, user_id)


async def remove(tx: Tx, user_id: str) -> None:
    """`delete`, of a user that is known to be there."""
    await assignments.forget_holder(tx, "user", user_id)
    await credentials.forget_user(tx, user_id)
    await application_credentials.forget(tx, user_id)
    await users.remove(tx, user_id)
    tx.signal("identity", user_id)
