"""Limits on resources, kept for services that ask for them.

In the flat model they have no regard to the project tree. In the strict two-level model projects lie directly below domains, and no
project's limit is larger than its domain's, which is the registered one where the domain has none.

A limit says what one project or domain gets instead of what is registered for everyone, so something must be registered first,
and what has limits cannot be taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ..model import Limit, RegisteredLimit
from ..rules import some
from ..store import catalog, limits, projects

FLAT, STRICT = "flat", "strict_two_level"
MODELS = {
    FLAT: "Limit enforcement and validation does not take project hierarchy into consideration.",
    STRICT: "This model requires project hierarchy never exceeds a depth of two",
}
MOST_LEVELS = {FLAT: 5, STRICT: 1}
"""How deep projects may lie below their domain."""


async def get_registered(tx: Reader, limit_id: str) -> RegisteredLimit:
    """A registered limit. Raises NotFound."""
    found = await limits.find_registered(tx, limit_id)
    if found is None:
        raise NotFound(f"Could not find registered limit for {limit_id}.")
    return found


async def registered(tx: Reader, wanted: Page) -> list[RegisteredLimit]:
    """Registered limits."""
    return await limits.page_registered(tx, wanted)


async def register(tx: Tx, new: Sequence[dict[str, Any]]) -> list[RegisteredLimit]:
    """New registered limits, all or none. Raises Invalid for an unknown service or region, Conflict for a second of one kind."""
    made = [RegisteredLimit(id=ids.new_hex(), **fields) for fields in new]
    for limit in made:
        await _check_place(tx, limit)
        await _check_registered_once(tx, limit)
        await limits.add_registered(tx, limit)
    return made


async def _check_place(tx: Reader, limit: RegisteredLimit | Limit) -> None:
    if await tx.one(catalog.GET_SERVICE, key=limit.service_id) is None:
        raise Invalid(f"Invalid input for field/attribute service_id. There is no service {limit.service_id}.")
    if limit.region_id is not None and await tx.one(catalog.GET_REGION, key=limit.region_id) is None:
        raise Invalid(f"Invalid input for field/attribute region_id. There is no region {limit.region_id}.")


def _same_kind(limit: RegisteredLimit | Limit) -> Page:
    page = Page().where("service_id", limit.service_id).where("resource_name", limit.resource_name)
    return page.where("region_id", None, "null") if limit.region_id is None else page.where("region_id", limit.region_id)


async def _check_registered_once(tx: Reader, limit: RegisteredLimit) -> None:
    if any(other.id != limit.id for other in await limits.page_registered(tx, _same_kind(limit))):
        raise Conflict(f"Conflict occurred attempting to store registered_limit - {limit.resource_name} is registered already.")


async def update_registered(tx: Tx, limit: RegisteredLimit, changes: dict[str, Any]) -> RegisteredLimit:
    """Change a registered limit. Raises Invalid, Conflict, and Forbidden to change its kind while there are limits of it."""
    changed = msgspec.structs.replace(limit, **changes)
    if msgspec.structs.replace(changed, default_limit=limit.default_limit, description=limit.description) != limit:
        await _check_unused(tx, limit)
    await _check_place(tx, changed)
    await _check_registered_once(tx, changed)
    await limits.save_registered(tx, changed)
    return changed


async def _check_unused(tx: Reader, limit: RegisteredLimit) -> None:
    users = await limits.page(tx, _same_kind(limit))
    if users:
        raise Forbidden(
            f"Unable to update or delete registered limit {limit.id} because there are project limits associated with it: "
            f"{some([user.id for user in users])}."
        )


async def unregister(tx: Tx, limit_id: str) -> None:
    """Delete a registered limit. Raises NotFound, and Forbidden while there are limits of its kind."""
    await _check_unused(tx, await get_registered(tx, limit_id))
    await limits.remove_registered(tx, limit_id)


async def get(tx: Reader, limit_id: str) -> Limit:
    """A limit. Raises NotFound."""
    found = await limits.find(tx, limit_id)
    if found is None:
        raise NotFound(f"Could not find limit for {limit_id}.")
    return found


async def page(tx: Reader, wanted: Page, home_id: str | None = None) -> list[Limit]:
    """Limits; with `home_id` only those of that domain and of its projects."""
    found = await limits.page(tx, wanted)
    if home_id is None:
        return found
    inside = {project.id for project in await projects.page(tx, Page().where("domain_id", home_id))}
    return [limit for limit in found if limit.domain_id == home_id or limit.project_id in inside]


async def create(tx: Tx, new: Sequence[dict[str, Any]], model: str = FLAT) -> list[Limit]:
    """New limits, all of them or none. A project that is a domain means that domain.

    Raises Invalid for an unknown service, region, project or domain, Forbidden for what is not registered, Conflict for a
    second of one kind.
    """
    made = [await _made(tx, fields) for fields in new]
    for limit in made:
        await _check(tx, limit)
        await limits.add(tx, limit)
    if model == STRICT:
        for limit in made:
            await _check_tree(tx, limit)
    return made


async def _made(tx: Reader, fields: dict[str, Any]) -> Limit:
    limit = Limit(id=ids.new_hex(), **fields)
    found = await projects.find(tx, limit.project_id or limit.domain_id or "")
    if found is None or (limit.domain_id is not None and not found.is_domain):
        raise Invalid("Invalid input for field/attribute project_id or domain_id. One that exists is expected.")
    return msgspec.structs.replace(limit, project_id=None, domain_id=found.id) if found.is_domain else limit


async def _check(tx: Reader, limit: Limit) -> None:
    await _check_place(tx, limit)
    if not await limits.page_registered(tx, _same_kind(limit)):
        raise Forbidden(f"Unable to create a limit for {limit.resource_name}: it has no corresponding registered limit.")
    who = ("project_id", limit.project_id) if limit.project_id is not None else ("domain_id", limit.domain_id)
    if any(other.id != limit.id for other in await limits.page(tx, _same_kind(limit).where(*who))):
        raise Conflict(f"Conflict occurred attempting to store limit - {limit.resource_name} has one here already.")


async def update(tx: Tx, limit: Limit, changes: dict[str, Any], model: str = FLAT) -> Limit:
    """Change a limit's number or description. Raises Forbidden for one that does not fit into the project tree."""
    changed = msgspec.structs.replace(limit, **changes)
    await limits.save(tx, changed)
    if model == STRICT:
        await _check_tree(tx, changed)
    return changed


async def _check_tree(tx: Reader, limit: Limit) -> None:
    """Raise Forbidden if a project has a larger limit than its domain, this one included. -1 is larger than any other."""
    domain_id = limit.domain_id
    if limit.project_id is not None:
        project = await projects.find(tx, limit.project_id)
        domain_id = project.parent_id if project else None
    kind = _same_kind(limit)
    registered_ones = await limits.page_registered(tx, kind)
    of_domain = await limits.page(tx, kind.where("domain_id", domain_id)) if domain_id else []
    above = of_domain[0].resource_limit if of_domain else registered_ones[0].default_limit
    inside = {project.id for project in await projects.page(tx, Page().where("parent_id", domain_id or ""))}
    concerned = [limit] if limit.project_id else [each for each in await limits.page(tx, kind) if each.project_id in inside]
    for each in concerned:
        if above != -1 and (each.resource_limit == -1 or each.resource_limit > above):
            raise Forbidden(
                f"Invalid resource limit: The resource limit (project_id: {each.project_id}, resource_name: {each.resource_name}, "
                f"resource_limit: {each.resource_limit}) doesn't satisfy current hierarchy model: {domain_id} has {above}."
            )


async def delete(tx: Tx, limit_id: str) -> None:
    """Delete a limit. Raises NotFound."""
    await get(tx, limit_id)
    await limits.remove(tx, limit_id)


async def in_force(tx: Reader, service_type: str, project_id: str) -> dict[str, int]:
    """What a project may have of each resource that is registered for a service, by name; -1 is no limit.

    What is not registered is not in it. If a resource is registered for several regions, the smallest limit counts.
    """
    found: dict[str, int] = {}
    for name, limit in await limits.in_force(tx, service_type, project_id):
        known = found.get(name)
        found[name] = limit if known is None or known < 0 or 0 <= limit < known else known
    return found
