"""Showing and listing users and groups, whether they are in a directory or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ....kernel.db import Condition, Page, Reader
from ....kernel.errors import NotFound
from ...directory.entries import Person, equals, like
from ...model import Group, User
from ..resources import groups as local_groups
from ..resources import users as local_users
from . import shadows
from .directories import Directories, Located

R = TypeVar("R", User, Group)


def _domain(wanted: Page) -> str | None:
    """The one domain that a list is narrowed to."""
    named = [condition.value for condition in wanted.conditions if (condition.name, condition.op) == ("domain_id", "eq")]
    return named[0] if named and all(value == named[0] for value in named) else None


def _filters(wanted: Page, attribute: str) -> list[str]:
    """What a directory itself can narrow: names, as it compares them."""
    found = []
    for condition in wanted.conditions:
        if condition.name != "name":
            continue
        if condition.op == "like":
            found.append(like(attribute, condition.value))
        else:
            values = condition.value if condition.op == "in" else [condition.value]
            found.append(f"(|{''.join(equals(attribute, value) for value in values)})")
    return found


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda mine, value: mine == value,
    "ne": lambda mine, value: mine is not None and mine != value,
    "in": lambda mine, value: mine in value,
    "lt": lambda mine, value: mine is not None and mine < value,
    "lte": lambda mine, value: mine is not None and mine <= value,
    "gt": lambda mine, value: mine is not None and mine > value,
    "gte": lambda mine, value: mine is not None and mine >= value,
}


def _meets(one: User | Group, condition: Condition) -> bool:
    return condition.name == "name" or _COMPARISONS[condition.op](getattr(one, condition.name), condition.value)


def _part(found: Sequence[R], wanted: Page) -> list[R]:
    """What is left to narrow, order and cut."""
    meant = [one for one in found if all(_meets(one, condition) for condition in wanted.conditions)]
    descending = bool(wanted.sort) and wanted.sort[0][1]
    ordered = sorted(meant, key=lambda one: (one.name, one.id), reverse=descending)
    if wanted.marker is not None:
        ids = [one.id for one in ordered]
        ordered = ordered[ids.index(wanted.marker) + 1 :] if wanted.marker in ids else []
    return ordered if wanted.limit is None else ordered[: wanted.limit]


async def users(directories: Directories, tx: Reader, wanted: Page) -> list[User]:
    """Users; those of a directory if the list is of its domain. Raises Unavailable."""
    domain_id = _domain(wanted)
    client = await directories.of(tx, domain_id)
    if client is None or domain_id is None:
        return await local_users.page(tx, wanted)
    found = await client.people(*_filters(wanted, client.settings.user_name_attribute))
    return _part(await shadows.keep_people(directories.db, domain_id, found), wanted)


async def groups(directories: Directories, tx: Reader, wanted: Page) -> list[Group]:
    """Groups, as `users`."""
    domain_id = _domain(wanted)
    client = await directories.of(tx, domain_id)
    if client is None or domain_id is None:
        return await local_groups.page(tx, wanted)
    found = await client.groups(*_filters(wanted, client.settings.group_name_attribute))
    return _part(await shadows.keep_groups(directories.db, domain_id, found), wanted)


async def _person(where: Located, user_id: str) -> Person:
    who = await where.client.person(where.attribute, where.value)
    if who is None:
        raise NotFound(f"Could not find user: {user_id}.")
    return who


async def user(directories: Directories, tx: Reader, user_id: str) -> User:
    """A user. Raises NotFound, also if its directory does not have it any more, and Unavailable."""
    where = await directories.by_id(tx, user_id)
    if where is None:
        return await local_users.get(tx, user_id)
    return (await shadows.keep_people(directories.db, where.domain_id, [await _person(where, user_id)]))[0]


async def group(directories: Directories, tx: Reader, group_id: str) -> Group:
    """A group, as `user`."""
    where = await directories.by_id(tx, group_id)
    if where is None:
        return await local_groups.get(tx, group_id)
    found = await where.client.groups(equals(where.attribute, where.value))
    if len(found) != 1:
        raise NotFound(f"Could not find group: {group_id}.")
    return (await shadows.keep_groups(directories.db, where.domain_id, found))[0]


async def groups_of(directories: Directories, tx: Reader, user_id: str, wanted: Page) -> list[Group]:
    """The groups that a user is in. Raises NotFound, Unavailable."""
    where = await directories.by_id(tx, user_id)
    if where is not None:
        await directories.keep(where, await _person(where, user_id))
    return await local_groups.of_user(tx, user_id, wanted)


async def members(directories: Directories, tx: Reader, group_id: str, wanted: Page) -> list[User]:
    """The users in a group. Raises NotFound, Unavailable."""
    where = await directories.by_id(tx, group_id)
    if where is None:
        return await local_groups.members(tx, group_id, wanted)
    found = await where.client.groups(equals(where.attribute, where.value))
    if len(found) != 1:
        raise NotFound(f"Could not find group: {group_id}.")
    people = await where.client.members_of(found[0])
    return _part(await shadows.keep_people(directories.db, where.domain_id, people), wanted)


async def check_member(directories: Directories, tx: Reader, group_id: str, user_id: str) -> None:
    """Raise NotFound unless a user is in a group. Raises Unavailable."""
    where = await directories.by_id(tx, user_id)
    if where is not None:
        await directories.keep(where, await _person(where, user_id))
    await local_groups.check_member(tx, group_id, user_id)
