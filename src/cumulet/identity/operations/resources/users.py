"""Users and their passwords."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ...model import User
from ...rules import Compliance, password_end
from ...store import assignments, logins, users
from ...store.delegation import application_credentials, credentials
from .. import projects
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
    if rules is not None and rules.inactive_days:
        await logins.see(tx, user.id)
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
    if changes.get("enabled"):
        await (logins.see if rules is not None and rules.inactive_days else logins.see_again)(tx, user.id)
    if "password_hash" in changes:
        await _keep_password(tx, changed, by_itself)
        await logins.clear_failures(tx, user.id)
    tx.signal("identity", user.id)
    return changed


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
