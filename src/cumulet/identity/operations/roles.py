"""Roles, implications and assignments."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Forbidden, NotFound
from ..model import Assignment, Role
from ..store import roles
from . import projects, scopes, users


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
    """A new role. Raises Conflict if the name is taken in its domain."""
    role = Role(id=ids.new_hex(), **fields)
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
    """Change a role. Raises Conflict."""
    changed = msgspec.structs.replace(role, **changes)
    await _check_name(tx, changed)
    await roles.save(tx, changed)
    tx.signal("identity", role.id)
    return changed


async def delete(tx: Tx, role_id: str) -> None:
    """Delete a role: nobody holds it any more."""
    await get(tx, role_id)
    await roles.remove(tx, role_id)
    tx.signal("identity", role_id)


async def imply(tx: Tx, prior_id: str, implied_id: str) -> tuple[Role, Role]:
    """Who holds `prior` shall hold `implied`. Raises Forbidden for a circle. Twice is as good as once."""
    prior, implied = await get(tx, prior_id), await get(tx, implied_id)
    known = await roles.implications(tx)
    if prior_id in scopes.closure({implied_id}, known):
        raise Forbidden(f"Role {prior.name} cannot imply {implied.name}: {implied.name} implies {prior.name} already.")
    if (prior_id, implied_id) not in known:
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
    known = await roles.all_roles(tx)
    pairs = await roles.implications(tx)
    priors = [prior_id] if prior_id else sorted({prior for prior, _ in pairs})
    return [(known[prior], [known[i] for p, i in pairs if p == prior]) for prior in priors]


async def grant(tx: Tx, assignment: Assignment) -> None:
    """Give a role. Twice is as good as once. Raises NotFound for an unknown role, holder or target."""
    await _check(tx, assignment)
    held = await roles.held(tx, assignment.holder_kind, assignment.holder_id, assignment.target_kind, assignment.target_id)
    if assignment not in held:
        await roles.grant(tx, assignment)
        tx.signal("identity", assignment.holder_id)


async def revoke(tx: Tx, assignment: Assignment) -> None:
    """Take a role away. Raises NotFound if it was not held."""
    if not await roles.revoke(tx, assignment):
        raise NotFound(_missing(assignment))
    tx.signal("identity", assignment.holder_id)


async def held(tx: Reader, assignment: Assignment) -> list[Role]:
    """The roles held directly by a holder on a target; `role_id` is not looked at.

    Raises NotFound for an unknown holder or target.
    """
    await _check(tx, assignment)
    known = await roles.all_roles(tx)
    found = await roles.held(tx, assignment.holder_kind, assignment.holder_id, assignment.target_kind, assignment.target_id)
    return [known[a.role_id] for a in found if a.inherited == assignment.inherited]


async def check(tx: Reader, assignment: Assignment) -> None:
    """Raise NotFound unless exactly this is held."""
    if assignment.role_id not in {role.id for role in await held(tx, assignment)}:
        raise NotFound(_missing(assignment))


def _missing(a: Assignment) -> str:
    return f"Could not find role assignment with role: {a.role_id}, {a.holder_kind}: {a.holder_id}, {a.target_kind}: {a.target_id}."


async def _check(tx: Reader, assignment: Assignment) -> None:
    if assignment.role_id:
        await get(tx, assignment.role_id)
    if assignment.holder_kind == "user":
        await users.get(tx, assignment.holder_id)
    if assignment.target_kind == "project":
        await projects.get(tx, assignment.target_id)
    elif assignment.target_kind == "domain":
        await projects.get_domain(tx, assignment.target_id)


class Effective(Struct, frozen=True):
    """An assignment as it takes effect: `source` is the assignment it comes from."""

    assignment: Assignment
    source: Assignment


async def assignments(tx: Reader, wanted: Page, effective: bool) -> list[Effective]:
    """Assignments as they were made, or (`effective`) with implied roles and inheritance worked out."""
    made = await roles.assignments(tx, Page(tuple(c for c in wanted.conditions if not effective or c.name == "holder_id")))
    if not effective:
        return [Effective(a, a) for a in made]
    pairs = await roles.implications(tx)
    asked = {c.name: c.value for c in wanted.conditions}
    found = []
    for source in made:
        for target in await _targets(tx, source):
            for role_id in scopes.closure({source.role_id}, pairs):
                taken = Assignment(source.holder_kind, source.holder_id, *target, role_id, False)
                if all(getattr(taken, name) == value for name, value in asked.items() if name != "inherited"):
                    found.append(Effective(taken, source))
    return found


async def _targets(tx: Reader, source: Assignment) -> list[tuple[str, str]]:
    if not source.inherited:
        return [(source.target_kind, source.target_id)]
    below = await projects.page(tx, Page())
    return [("project", p.id) for p in below if source.target_id in await scopes.ancestors(tx, p)]
