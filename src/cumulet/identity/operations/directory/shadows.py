"""What a directory said, as users and groups of ours: rows that others can name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from ....kernel.db import Database, Page, Reader, Tx
from ...directory.entries import Crew, Person
from ...model import Group, User
from ...store import groups, users
from ...store.directory import entries as directory
from ...store.directory.entries import Mapped


def public_id(domain_id: str, kind: str, local_id: str) -> str:
    """The id here of what a directory calls `local_id`: the same wherever it is worked out, Keystone included."""
    return hashlib.sha256(f"{domain_id}{kind}{local_id}".encode()).hexdigest()


async def keep_people(db: Database, domain_id: str, found: Sequence[Person]) -> list[User]:
    """Users for people of a domain's directory, in their order; written only if something has changed."""

    async def wanted(tx: Reader) -> tuple[list[User], dict[str, User]]:
        ids = await _ids(tx, domain_id, "user", [one.local_id for one in found])
        known = {user.id: user for user in await users.page(tx, Page().where("id", sorted(ids.values()), "in"))}
        return [_user(one, domain_id, ids[one.local_id], known.get(ids[one.local_id])) for one in found], known

    async with db.read() as tx:
        made, known = await wanted(tx)
    if all(known.get(user.id) == user for user in made):
        return made
    async with db.tx() as tx:
        made, known = await wanted(tx)
        for one, user in zip(found, made, strict=True):
            await _write_user(tx, one, user, known.get(user.id))
    return made


async def _ids(tx: Reader, domain_id: str, kind: str, local_ids: list[str]) -> dict[str, str]:
    known = await directory.public_ids(tx, domain_id, kind, local_ids)
    return {local_id: known.get(local_id) or public_id(domain_id, kind, local_id) for local_id in local_ids}


def _user(one: Person, domain_id: str, user_id: str, known: User | None) -> User:
    project_id = one.default_project_id or (known.default_project_id if known else None)
    said: dict[str, Any] = {"name": one.name, "enabled": one.enabled, "description": one.description, "extra": one.extra}
    if known is not None:
        return replace(known, default_project_id=project_id, **said)
    nothing: dict[str, Any] = {"password_hash": None, "password_expires_at": None, "valid_from": 0.0, "options": {}}
    return User(id=user_id, domain_id=domain_id, default_project_id=project_id, **said, **nothing)


async def _write_user(tx: Tx, one: Person, user: User, known: User | None) -> None:
    if known == user:
        return
    same = await users.find_by_name(tx, user.name, user.domain_id)
    if same is not None and same.id != user.id:
        # The directory has given the name to somebody else; who had it is called by its id until it is asked for again.
        await users.save(tx, replace(same, name=same.id))
    if known is None:
        await users.add(tx, user)
        await _map(tx, user.domain_id, "user", one.local_id, user.id)
        return
    if known.enabled and not user.enabled:
        user = replace(user, valid_from=tx.now)
    await users.save(tx, user)
    tx.signal("identity", user.id)


async def _map(tx: Tx, domain_id: str, kind: str, local_id: str, known_as: str) -> None:
    if await directory.find(tx, known_as) is None:
        await directory.add(tx, Mapped(known_as, domain_id, kind, local_id, 0.0))


async def keep_groups(db: Database, domain_id: str, found: Sequence[Crew]) -> list[Group]:
    """Groups for those of a domain's directory, as `keep_people`."""

    async def wanted(tx: Reader) -> tuple[list[Group], dict[str, Group]]:
        ids = await _ids(tx, domain_id, "group", [one.local_id for one in found])
        known = {group.id: group for group in await groups.page(tx, Page().where("id", sorted(ids.values()), "in"))}
        return [Group(ids[one.local_id], one.name, domain_id, one.description, one.extra) for one in found], known

    async with db.read() as tx:
        made, known = await wanted(tx)
    if all(known.get(group.id) == group for group in made):
        return made
    async with db.tx() as tx:
        made, known = await wanted(tx)
        for one, group in zip(found, made, strict=True):
            await _write_group(tx, one, group, known.get(group.id))
    return made


async def _write_group(tx: Tx, one: Crew, group: Group, known: Group | None) -> None:
    if known == group:
        return
    same = await groups.find_by_name(tx, group.name, group.domain_id)
    if same is not None and same.id != group.id:
        await groups.save(tx, replace(same, name=same.id))
    if known is not None:
        await groups.save(tx, group)
        return
    await groups.add(tx, group)
    await _map(tx, group.domain_id, "group", one.local_id, group.id)


async def keep_memberships(db: Database, user: User, wanted: Sequence[Group]) -> None:
    """Let a user be in these groups and in no others of the same domain."""
    async with db.read() as tx:
        now = {g.id for g in await groups.of_user(tx, user.id, Page().where("domain_id", user.domain_id))}
    ids = {group.id for group in wanted}
    if now == ids:
        return
    async with db.tx() as tx:
        for group_id in now - ids:
            await groups.remove_member(tx, group_id, user.id)
        for group_id in ids - now:
            if not await groups.is_member(tx, group_id, user.id):
                await groups.add_member(tx, group_id, user.id)
        tx.signal("identity", user.id)


async def disable(db: Database, user_id: str) -> None:
    """A user whom the directory does not have any more: what names it stays, its tokens are void."""
    async with db.tx() as tx:
        known = await users.find(tx, user_id)
        if known is not None and known.enabled:
            await users.save(tx, replace(known, enabled=False, valid_from=tx.now))
            tx.signal("identity", user_id)
