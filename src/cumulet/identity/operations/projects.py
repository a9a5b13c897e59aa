"""Projects and domains."""

from __future__ import annotations

from typing import Any

import msgspec

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ..model import DEFAULT_DOMAIN, Project
from ..store import projects, roles, users

__all__ = ["Project", "create", "create_domain", "delete", "delete_domain", "get", "get_domain", "page", "require_tag", "update"]

MOST_LEVELS = 5


async def get(tx: Reader, project_id: str) -> Project:
    """A project. Raises NotFound."""
    found = await projects.find(tx, project_id)
    if found is None or found.is_domain:
        raise NotFound(f"Could not find project: {project_id}.")
    return found


async def get_domain(tx: Reader, domain_id: str) -> Project:
    """A domain. Raises NotFound."""
    found = await projects.find(tx, domain_id)
    if found is None or not found.is_domain:
        raise NotFound(f"Could not find domain: {domain_id}.")
    return found


async def page(tx: Reader, wanted: Page, is_domain: bool = False) -> list[Project]:
    """Projects, or domains."""
    return await projects.page(tx, wanted.where("is_domain", is_domain))


async def create(tx: Tx, fields: dict[str, Any]) -> Project:
    """A new project; its parent is its domain unless `parent_id` says otherwise. Raises Conflict, NotFound, Forbidden."""
    parent_id = fields.pop("parent_id", None)
    domain_id = fields.pop("domain_id", None)
    parent = await projects.find(tx, parent_id) if parent_id else None
    if parent_id and parent is None:
        raise NotFound(f"Could not find project: {parent_id}.")
    domain_id = domain_id or (_domain_of(parent) if parent else DEFAULT_DOMAIN)
    await get_domain(tx, domain_id)
    if parent is not None and _domain_of(parent) != domain_id:
        raise Invalid("Invalid input for field/attribute domain_id. A project is in the domain of its parent.")
    await _check_depth(tx, parent)
    project = Project(id=ids.new_hex(), domain_id=domain_id, parent_id=parent_id or domain_id, is_domain=False, **fields)
    await _check_name(tx, project)
    await projects.add(tx, project)
    return project


async def create_domain(tx: Tx, fields: dict[str, Any], domain_id: str | None = None) -> Project:
    """A new domain. Raises Conflict if the name is taken."""
    domain = Project(id=domain_id or ids.new_hex(), domain_id="", parent_id=None, is_domain=True, **fields)
    await _check_name(tx, domain)
    await projects.add(tx, domain)
    return domain


def _domain_of(project: Project) -> str:
    return project.id if project.is_domain else project.domain_id


async def _check_depth(tx: Reader, parent: Project | None) -> None:
    levels = 1
    while parent is not None and not parent.is_domain:
        levels += 1
        if levels > MOST_LEVELS:
            raise Forbidden(f"Max hierarchy depth reached: a project may be {MOST_LEVELS} levels deep.")
        parent = await projects.find(tx, parent.parent_id) if parent.parent_id else None


async def _check_name(tx: Reader, project: Project) -> None:
    same = await projects.find_by_name(tx, project.name, project.domain_id, project.is_domain)
    if same is not None and same.id != project.id:
        kind = "domain" if project.is_domain else "project"
        raise Conflict(
            f"Conflict occurred attempting to store {kind} - it is not permitted to have two {kind}s named {project.name}."
        )


async def update(tx: Tx, project: Project, changes: dict[str, Any]) -> Project:
    """Change a project or domain. Raises Conflict if the new name is taken, Invalid for what cannot change."""
    for fixed in ("parent_id", "domain_id", "is_domain"):
        if fixed in changes and changes.pop(fixed) != getattr(project, fixed):
            raise Invalid(f"Invalid input for field/attribute {fixed}. It cannot be changed.")
    changed = msgspec.structs.replace(project, **changes)
    await _check_name(tx, changed)
    await projects.save(tx, changed)
    tx.signal("identity", project.id)
    return changed


def require_tag(project: Project, tag: str) -> None:
    """Raise NotFound unless the project has the tag."""
    if tag not in project.tags:
        raise NotFound(f"Could not find project tag: {tag}.")


async def delete(tx: Tx, project_id: str) -> None:
    """Delete a project and all roles held on it. Raises Forbidden if it has projects below it."""
    project = await get(tx, project_id)
    if await projects.page(tx, Page(limit=1).where("parent_id", project_id)):
        raise Forbidden(f"Cannot delete project {project.name}: it is not a leaf in the project tree.")
    await _remove(tx, project_id)


async def delete_domain(tx: Tx, domain_id: str) -> None:
    """Delete a disabled domain with all that is in it: projects, users, domain roles. Raises Forbidden while it is enabled."""
    domain = await get_domain(tx, domain_id)
    if domain.enabled:
        raise Forbidden("Cannot delete a domain that is enabled, please disable it first.")
    for project in await projects.page(tx, Page().where("domain_id", domain_id)):
        await _remove(tx, project.id)
    for user in await users.page(tx, Page().where("domain_id", domain_id)):
        await roles.forget_holder(tx, "user", user.id)
        await users.remove(tx, user.id)
    for role in await roles.page(tx, Page().where("domain_id", domain_id)):
        await roles.remove(tx, role.id)
    await _remove(tx, domain_id)


async def _remove(tx: Tx, project_id: str) -> None:
    await roles.forget_target(tx, project_id)
    await projects.remove(tx, project_id)
    tx.signal("identity", project_id)
