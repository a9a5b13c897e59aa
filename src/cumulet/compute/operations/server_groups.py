"""Server groups: servers that are to be on the same host, or on different ones."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Invalid, NotFound, OverQuota
from ...kernel.ids import new_uuid
from ...kernel.policy import Actor
from ..model import ServerGroup
from ..rules.affinity import Company, company
from ..rules.limits import in_force
from ..store import server_groups
from . import unified


class Described(Struct, frozen=True):
    """A group with the ids of its members that are not deleted."""

    group: ServerGroup
    members: list[str]


async def get(tx: Reader, actor: Actor, group_id: str) -> Described:
    """A group that the actor may see. Raises NotFound."""
    found = await server_groups.find(tx, group_id, actor.scope)
    if found is None:
        raise NotFound(f"Instance group {group_id} could not be found.")
    return (await _described(tx, [found]))[0]


async def index(tx: Reader, project_id: str | None) -> list[Described]:
    """A project's groups, or all groups if `project_id` is None."""
    wanted = Page() if project_id is None else Page().where("project_id", project_id)
    return await _described(tx, await server_groups.page(tx, wanted))


async def _described(tx: Reader, groups: list[ServerGroup]) -> list[Described]:
    members = await server_groups.members(tx, [group.id for group in groups])
    return [Described(group, list(members[group.id])) for group in groups]


async def create(tx: Tx, actor: Actor, name: str, policy: str, rules: dict[str, int]) -> Described:
    """A new group without members. Raises OverQuota."""
    project_id = actor.project_id or ""
    group_id = new_uuid()
    await tx.hold(f"server groups of {project_id}")
    await server_groups.add(tx, group_id, (project_id, actor.user_id), name=name, policy=policy, rules=rules)
    limit = in_force(await unified.rows(tx, project_id), actor.user_id)["server_groups"]
    if 0 <= limit < await server_groups.count(tx, project_id):
        raise OverQuota(f"Quota exceeded, too many server groups: {limit} is the most.", code="quota")
    return await get(tx, actor, group_id)


async def delete(tx: Tx, actor: Actor, group_id: str) -> None:
    """Delete a group; its servers stay where they are. Raises NotFound."""
    await get(tx, actor, group_id)
    await server_groups.remove(tx, group_id)


async def of_server(tx: Reader, server_id: str) -> list[str]:
    """The ids of the groups that a server is in: one, or none."""
    found = await server_groups.of_server(tx, server_id)
    return [found.id] if found else []


async def hinted(tx: Tx, actor: Actor, hints: dict[str, Any], count: int) -> str | None:
    """The id of the group that scheduler hints name for `count` new servers. Raises Invalid without it, OverQuota."""
    group_id = hints.get("group")
    if group_id is None:
        return None
    found = await server_groups.find(tx, str(group_id), actor.project_id or "")
    if found is None:
        raise Invalid(f"Instance group {group_id} could not be found.")
    await server_groups.lock(tx, found.id)
    limit = in_force(await unified.rows(tx, found.project_id), actor.user_id)["server_group_members"]
    if 0 <= limit < await server_groups.members_of_user(tx, found.id, actor.user_id) + count:
        raise OverQuota(f"Quota exceeded, too many servers in group: {limit} is the most.", code="quota")
    return found.id


async def company_of(tx: Reader, group_id: str) -> Company:
    """A group, and where its members are. Raises NotFound."""
    group = await server_groups.find(tx, group_id, None)
    if group is None:
        raise NotFound(f"Instance group {group_id} could not be found.")
    return company(group, (await server_groups.members(tx, [group_id]))[group_id].values())


async def join(tx: Tx, group_id: str, server_id: str) -> None:
    """Make a new server a member."""
    await server_groups.join(tx, group_id, server_id)
