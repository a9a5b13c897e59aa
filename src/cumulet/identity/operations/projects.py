"""Projects and domains. Projects form trees below their domain."""

from __future__ import annotations

from typing import Any

import msgspec

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ..model import DEFAULT_DOMAIN, Project
from ..rules import some
from ..store import assignments, projects
from ..store.delegation import credentials
from .resources import options
from .roles.holdings import below, children_of

__all__ = ["Project", "create", "create_domain", "delete", "get", "get_domain", "page", "remove", "require_tag", "update"]

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


async def get_either(tx: Reader, project_id: str) -> Project:
    """A project, or a domain as the project that it is too. Raises NotFound."""
    found = await projects.find(tx, project_id)
    if found is None:
        raise NotFound(f"Could not find project: {project_id}.")
    return found


async def page(tx: Reader, wanted: Page, is_domain: bool = False) -> list[Project]:
    """Projects, or domains."""
    return await projects.page(tx, wanted.where("is_domain", is_domain))


async def create(tx: Tx, fields: dict[str, Any], most_levels: int = MOST_LEVELS) -> Project:
    """A new project; its parent is its domain unless `parent_id` says otherwise. Raises Conflict, Invalid, Forbidden."""
    parent_id = fields.pop("parent_id", None)
    domain_id = fields.pop("domain_id", None)
    parent = await projects.find(tx, parent_id) if parent_id else None
    if parent_id and parent is None:
        raise Invalid(f"Invalid input for field/attribute parent_id. There is no project {parent_id}.")
    domain_id = domain_id or (_domain_of(parent) if parent else DEFAULT_DOMAIN)
    domain = await projects.find(tx, domain_id)
    if domain is None or not domain.is_domain:
        raise Invalid(f"Invalid input for field/attribute domain_id. There is no domain {domain_id}.")
    if parent is not None and _domain_of(parent) != domain_id:
        raise Invalid("Invalid input for field/attribute domain_id. A project is in the domain of its parent.")
    await _check_branch(tx, parent or domain, most_levels)
    return await _add(tx, fields, {"id": ids.new_hex(), "domain_id": domain_id, "parent_id": parent_id or domain_id})


async def create_domain(tx: Tx, fields: dict[str, Any], domain_id: str | None = None) -> Project:
    """A new domain, with an id of the caller's choice if need be. Raises Conflict if the name or the id is taken, Invalid."""
    domain_id = domain_id or ids.new_hex()
    if await projects.find(tx, domain_id) is not None:
        raise Conflict(f"Conflict occurred attempting to store domain - Duplicate ID, {domain_id}.")
    return await _add(tx, fields, {"id": domain_id, "domain_id": "", "parent_id": None, "is_domain": True})


async def _add(tx: Tx, fields: dict[str, Any], place: dict[str, Any]) -> Project:
    given = options.of_resource(fields.pop("options", {}))
    project = Project(**{"is_domain": False, **fields, **place, "name": fields["name"].strip(), "options": given})
    await _check_name(tx, project)
    await projects.add(tx, project)
    return project


def _domain_of(project: Project) -> str:
    return project.id if project.is_domain else project.domain_id


async def _check_branch(tx: Reader, parent: Project | None, most_levels: int) -> None:
    """A branch is at most so many levels deep, and nothing is made below what is disabled."""
    levels = 1
    while parent is not None:
        if not parent.enabled:
            raise Invalid(f"cannot create a project in a branch containing a disabled project: {parent.id}")
        levels += not parent.is_domain
        if levels > most_levels:
            raise Forbidden(f"Max hierarchy depth reached: a project may be {most_levels} levels deep.")
        parent = await projects.find(tx, parent.parent_id) if parent.parent_id else None


async def _check_name(tx: Reader, project: Project) -> None:
    same = await projects.find_by_name(tx, project.name, project.domain_id, project.is_domain)
    if same is not None and same.id != project.id:
        kind = "domain" if project.is_domain else "project"
        raise Conflict(
            f"Conflict occurred attempting to store {kind} - it is not permitted to have two {kind}s named {project.name}."
        )


async def update(tx: Tx, project: Project, changes: dict[str, Any]) -> Project:
    """Change a project or domain. Raises Conflict if the new name is taken, Invalid or Forbidden for what cannot change."""
    for fixed, problem in (("parent_id", Forbidden), ("domain_id", Invalid), ("is_domain", Invalid)):
        if fixed in changes and (changes.pop(fixed) or "") != (getattr(project, fixed) or ""):
            raise problem(f"Invalid input for field/attribute {fixed}. It cannot be changed.")
    _check_mutable(project, {name: value for name, value in changes.items() if value != getattr(project, name)})
    if "options" in changes:
        changes["options"] = options.of_resource(changes["options"], project.options)
    changed = msgspec.structs.replace(project, **changes)
    if changed.enabled != project.enabled and not project.is_domain:
        await _check_enabled(tx, changed)
    await _check_name(tx, changed)
    await projects.save(tx, changed)
    tx.signal("identity", project.id)
    return changed


def _check_mutable(project: Project, changes: dict[str, Any] | None) -> None:
    if changes is None or changes:
        options.check_mutable(f"{'Domain' if project.is_domain else 'Project'} {project.id}", project.options, changes)


async def _check_enabled(tx: Reader, project: Project) -> None:
    """Nothing that is enabled lies below something that is disabled."""
    if not project.enabled:
        if any(p.enabled for p in await subtree(tx, project)):
            raise Forbidden(f"Cannot disable project {project.id} since its subtree contains enabled projects.")
        return
    if not all(p.enabled for p in await parents(tx, project) if not p.is_domain):
        raise Forbidden(f"Cannot enable project {project.id} since it has disabled parents")


async def parents(tx: Reader, project: Project) -> list[Project]:
    """What is above a project, the nearest first, its domain last."""
    found: list[Project] = []
    above = project.parent_id
    while above:
        parent = await projects.find(tx, above)
        if parent is None:
            break
        found.append(parent)
        above = parent.parent_id
    return found


async def subtree(tx: Reader, project: Project) -> list[Project]:
    """What is below a project or domain, the nearest first."""
    everything = await projects.page(tx, Page().where("domain_id", _domain_of(project)))
    return below(children_of(everything), project.id)


def require_tag(project: Project, tag: str) -> None:
    """Raise NotFound unless the project has the tag."""
    if tag not in project.tags:
        raise NotFound(f"Could not find project tag: {tag}.")


async def delete(tx: Tx, project_id: str) -> None:
    """Delete a project with the roles held on it and what was delegated for it. Raises Forbidden if it has projects below it."""
    project = await get(tx, project_id)
    _check_mutable(project, None)
    children = await projects.page(tx, Page().where("parent_id", project_id))
    if children:
        names = some([child.name for child in children])
        raise Forbidden(f"Cannot delete project {project.name}: it is not a leaf in the project tree, {names} is below it.")
    await remove(tx, project_id)


async def remove(tx: Tx, project_id: str) -> None:
    """Delete a project or domain row, the roles held on it, and what users keep for it."""
    await assignments.forget_target(tx, project_id)
    await credentials.forget_project(tx, project_id)
    await projects.remove(tx, project_id)
    tx.signal("identity", project_id)
