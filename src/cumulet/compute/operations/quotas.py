"""Limits: the default ones, those of projects and those of users in projects; and what is used of them."""

from __future__ import annotations

from msgspec import Struct

from ...identity.operations import projects
from ...kernel.db import Reader, Tx
from ...kernel.errors import Invalid, NotFound
from ..rules import limits
from ..store import quotas, server_groups
from . import unified

DEFAULT_CLASS = "default"
EVERYBODY = ""
"""In place of a project: the default limits."""


class Quota(Struct, frozen=True):
    """A limit (-1 is none) and how much of it is used."""

    limit: int
    used: int


async def check_project(tx: Reader, project_id: str) -> None:
    """Raise Invalid unless there is such a project."""
    try:
        await projects.get(tx, project_id)
    except NotFound:
        raise Invalid(f"Project ID {project_id} is not a valid project.") from None


async def defaults(tx: Reader) -> dict[str, int]:
    """What is in force for projects of which nothing else was said."""
    return limits.in_force(await unified.rows(tx, EVERYBODY))


async def of_project(tx: Reader, project_id: str, user_id: str = "") -> dict[str, Quota]:
    """What is in force for a project, or a user in it, by resource; used are servers and server groups only."""
    used = await quotas.usage_of_user(tx, project_id, user_id) if user_id else await quotas.usage(tx, project_id)
    groups = await server_groups.count(tx, project_id)
    figures = {"instances": used.servers, "cores": used.cores, "ram": used.ram, "server_groups": groups}
    found = limits.in_force(await unified.rows(tx, project_id), user_id)
    return {resource: Quota(limit, figures.get(resource, 0)) for resource, limit in found.items()}


async def update(tx: Tx, project_id: str, user_id: str, changes: dict[str, int], force: bool) -> None:
    """Set limits of a project, or of a user in it.

    Raises Invalid, unless `force` is given, for a limit below what is used or what users were promised, and for a user's above
    the project's.
    """
    if not force:
        await _check(tx, project_id, user_id, changes)
    for resource, value in changes.items():
        await quotas.set_limit(tx, project_id, user_id, resource, value)


async def _check(tx: Reader, project_id: str, user_id: str, changes: dict[str, int]) -> None:
    rows = await unified.rows(tx, project_id)
    project = limits.in_force(rows)
    for resource, quota in (await of_project(tx, project_id, user_id)).items():
        if resource not in changes:
            continue
        promised = sum(value for _, user, name, value in rows if user not in ("", user_id) and name == resource and value > 0)
        least = quota.used if user_id else max(quota.used, promised)
        most = project[resource] - promised if user_id and project[resource] != -1 else -1
        limits.check_change(resource, changes[resource], least, most)


async def reset(tx: Tx, project_id: str, user_id: str) -> None:
    """Back to the defaults; with a user, back to the project's limits."""
    await quotas.drop_limits(tx, project_id, user_id)


async def of_class(tx: Reader, name: str) -> dict[str, int]:
    """The limits of a class. Only the one called `default` is in force for anybody."""
    return limits.in_force(await quotas.overrides(tx, _owner(name)))


async def update_class(tx: Tx, name: str, changes: dict[str, int]) -> None:
    """Set limits of a class."""
    for resource, value in changes.items():
        await quotas.set_limit(tx, _owner(name), "", resource, value)


def _owner(class_name: str) -> str:
    return EVERYBODY if class_name == DEFAULT_CLASS else f"class {class_name}"
