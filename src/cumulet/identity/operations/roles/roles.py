"""Roles, and which role implies which."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ...model import Role
from ...store import roles
from .. import projects
from ..resources import options
from . import holdings


async def get(tx: Reader, role_id: str) -> Role:
    """A role. Raises NotFound."""
    found = await roles.find(tx, role_id)
    if found is None:
        raise NotFound(f"Could not find role: {role_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[Role]:
    """Roles; global ones unless a domain is asked for."""
    if not any(condition.name == "domain_id" for condition in wanted.conditions):
        wanted = wanted.where("domain_id", "")
    return await roles.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any]) -> Role:
    """A new role. Raises Conflict if the name is taken in its domain, NotFound for an unknown domain."""
    given = options.of_resource(fields.pop("options", {}))
    role = Role(id=ids.new_hex(), options=given, **fields)
    if role.domain_id:
        await projects.get_domain(tx, role.domain_id)
    await _check_name(tx, role)
    await roles.add(tx, role)
    return role


async def _check_name(tx: Reader, role: Role) -> None:
    same = await roles.page(tx, Page().where("name", role.name).where("domain_id", role.domain_id))
    if any(other.id != role.id for other in same):
        raise Conflict(f"Conflict occurred attempting to store role - Duplicate entry found with name {role.name}.")


async def update(tx: Tx, role: Role, changes: dict[str, Any]) -> Role:
    """Change a role. Raises Conflict, Invalid, and Forbidden for an immutable one."""
    if (changes.pop("domain_id", role.domain_id) or "") != role.domain_id:
        raise Invalid("Invalid input for field/attribute domain_id. It cannot be changed.")
    real = {name: value for name, value in changes.items() if value != getattr(role, name)}
    if real:
        options.check_mutable(f"Role {role.id}", role.options, real)
    if "options" in changes:
        changes["options"] = options.of_resource(changes["options"], role.options)
    changed = msgspec.structs.replace(role, **changes)
    await _check_name(tx, changed)
    await roles.save(tx, changed)
    tx.signal("identity", role.id)
    return changed


async def delete(tx: Tx, role_id: str) -> None:
    """Delete a role: nobody holds it any more. Raises NotFound, and Forbidden for an immutable one."""
    role = await get(tx, role_id)
    options.check_mutable(f"Role {role_id}", role.options, None)
    await roles.remove(tx, role_id)
    tx.signal("identity", role_id)


async def imply(tx: Tx, prior_id: str, implied_id: str) -> tuple[Role, Role]:
    """Who holds `prior` shall hold `implied`. Twice is as good as once.

    Raises Forbidden for a circle, and for a global role that would imply one of a domain.
    """
    prior, implied = await get(tx, prior_id), await get(tx, implied_id)
    if implied.domain_id and not prior.domain_id:
        raise Forbidden(f"The global role {prior.name} cannot imply {implied.name}, which belongs to a domain.")
    known = await holdings.implications(tx)
    if prior_id in known.reach({implied_id}):
        raise Forbidden(f"Role {prior.name} cannot imply {implied.name}: {implied.name} implies {prior.name} already.")
    if (prior_id, implied_id) not in known.pairs:
        await roles.imply(tx, prior_id, implied_id)
        tx.signal("identity", prior_id)
    return prior, implied


async def unimply(tx: Tx, prior_id: str, implied_id: str) -> None:
    """End an implication. Raises NotFound."""
    if not await roles.unimply(tx, prior_id, implied_id):
        raise NotFound(f"Could not find implied role {implied_id} of {prior_id}.")
    tx.signal("identity", prior_id)


async def implication(tx: Reader, prior_id: str, implied_id: str) -> tuple[Role, Role]:
    """One implication. Raises NotFound."""
    prior, implied = await get(tx, prior_id), await get(tx, implied_id)
    if (prior_id, implied_id) not in await roles.implications(tx):
        raise NotFound(f"Could not find implied role {implied_id} of {prior_id}.")
    return prior, implied


async def implied_by(tx: Reader, prior_id: str | None = None) -> list[tuple[Role, list[Role]]]:
    """Each role with the roles that it implies directly, or only `prior_id` with its own."""
    known = await holdings.implications(tx)
    priors = [prior_id] if prior_id else sorted({prior for prior, _ in known.pairs})
    return [(known.roles[prior], [known.roles[i] for p, i in known.pairs if p == prior]) for prior in priors]
