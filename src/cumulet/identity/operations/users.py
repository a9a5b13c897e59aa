"""Users."""

from __future__ import annotations

from typing import Any

import msgspec

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, NotFound, Unauthorized
from ..model import User
from ..store import roles, users
from . import projects
from .tokens import Tokens


async def get(tx: Reader, user_id: str) -> User:
    """A user. Raises NotFound."""
    found = await users.find(tx, user_id)
    if found is None:
        raise NotFound(f"Could not find user: {user_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[User]:
    """Users."""
    return await users.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any]) -> User:
    """A new user; `password_hash` is the hash of its password, or None. Raises Conflict, NotFound."""
    await projects.get_domain(tx, fields["domain_id"])
    user = User(id=ids.new_hex(), valid_from=0.0, password_expires_at=None, **fields)
    await _check_name(tx, user)
    await users.add(tx, user)
    return user


async def _check_name(tx: Reader, user: User) -> None:
    same = await users.find_by_name(tx, user.name, user.domain_id)
    if same is not None and same.id != user.id:
        raise Conflict(f"Conflict occurred attempting to store user - Duplicate entry found with name {user.name}.")


async def update(tx: Tx, user: User, changes: dict[str, Any]) -> User:
    """Change a user. A new password, or being disabled, makes its tokens void. Raises Conflict."""
    changed = msgspec.structs.replace(user, **changes)
    if "password_hash" in changes or (user.enabled and not changed.enabled):
        changed = msgspec.structs.replace(changed, valid_from=tx.now)
    await _check_name(tx, changed)
    await users.save(tx, changed)
    tx.signal("identity", user.id)
    return changed


async def change_password(tx: Tx, tokens: Tokens, user_id: str, original: str, new: str) -> None:
    """A user's own change of password. Raises Unauthorized if the original one is wrong."""
    user = await get(tx, user_id)
    if not await tokens.passwords.verify(user.password_hash, original):
        raise Unauthorized("The original password is not right.")
    await update(tx, user, {"password_hash": await tokens.passwords.hash(new)})


async def delete(tx: Tx, user_id: str) -> None:
    """Delete a user and everything it held."""
    await get(tx, user_id)
    await roles.forget_holder(tx, "user", user_id)
    await users.remove(tx, user_id)
    tx.signal("identity", user_id)
