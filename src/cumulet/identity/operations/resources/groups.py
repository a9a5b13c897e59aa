"""Groups of users: what a group holds, its members hold."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ...model import Group, User
from ...store import assignments, groups
from ...store.federation import users as federated
from .. import projects
from . import users


async def get(tx: Reader, group_id: str) -> Group:
    """A group. Raises NotFound."""
    found = await groups.find(tx, group_id)
    if found is None:
        raise NotFound(f"Could not find group: {group_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[Group]:
    """Groups."""
    return await groups.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any]) -> Group:
    """A new group. Raises Conflict if the name is taken in the domain, NotFound for an unknown domain."""
    await projects.get_domain(tx, fields["domain_id"])
    group = Group(id=ids.new_hex(), **fields)
    await _check_name(tx, group)
    await groups.add(tx, group)
    return group


async def _check_name(tx: Reader, group: Group) -> None:
    same = await groups.find_by_name(tx, group.name, group.domain_id)
    if same is not None and same.id != group.id:
        raise Conflict(f"Conflict occurred attempting to store group - Duplicate entry found with name {group.name}.")


async def update(tx: Tx, group: Group, changes: dict[str, Any]) -> Group:
    """Change a group. Raises Conflict, Invalid."""
    if changes.pop("domain_id", group.domain_id) != group.domain_id:
        raise Invalid("Invalid input for field/attribute domain_id. It cannot be changed.")
    changed = msgspec.structs.replace(group, **changes)
    await _check_name(tx, changed)
    await groups.save(tx, changed)
    return changed


async def delete(tx: Tx, group_id: str) -> None:
    """Delete a group: its members lose what it held."""
    await get(tx, group_id)
    await remove(tx, group_id)


async def remove(tx: Tx, group_id: str) -> None:
    """`delete`, of a group that is known to be there."""
    await assignments.forget_holder(tx, "group", group_id)
    await groups.remove(tx, group_id)
    tx.signal("identity", group_id)


async def of_user(tx: Reader, user_id: str, wanted: Page) -> list[Group]:
    """The groups that a user is in. Raises NotFound."""
    await users.get(tx, user_id)
    return await groups.of_user(tx, user_id, wanted)


async def members(tx: Reader, group_id: str, wanted: Page) -> list[User]:
    """The users in a group. Raises NotFound."""
    await get(tx, group_id)
    return await groups.members(tx, group_id, wanted)


async def _both(tx: Reader, group_id: str, user_id: str) -> None:
    await get(tx, group_id)
    await users.get(tx, user_id)


async def add_member(tx: Tx, group_id: str, user_id: str) -> None:
    """Put a user into a group. Twice is as good as once. Raises NotFound."""
    await _both(tx, group_id, user_id)
    if not await groups.is_member(tx, group_id, user_id):
        await groups.add_member(tx, group_id, user_id)
        tx.signal("identity", user_id)


async def check_member(tx: Reader, group_id: str, user_id: str) -> None:
    """Raise NotFound unless the user is in the group."""
    await _both(tx, group_id, user_id)
    if not await groups.is_member(tx, group_id, user_id) and group_id not in await federated.expiring(tx, user_id):
        raise NotFound(f"Could not find user {user_id} in group {group_id}.")


async def remove_member(tx: Tx, group_id: str, user_id: str) -> None:
    """Take a user out of a group. Raises NotFound."""
    await _both(tx, group_id, user_id)
    if not await groups.remove_member(tx, group_id, user_id):
        raise NotFound(f"Could not find user {user_id} in group {group_id}.")
    tx.signal("identity", user_id)
