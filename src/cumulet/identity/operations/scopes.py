"""What a user holds in a scope, as it is now."""

from __future__ import annotations

from collections import defaultdict

from ...kernel.db import Page, Reader
from ...kernel.errors import Unauthorized
from ...kernel.policy import Actor
from ..model import Assignment, Project, Scope, User
from ..store import projects, roles
from ..tokens import Claims


async def actor(tx: Reader, user: User, claims: Claims) -> tuple[Actor, dict[str, str]]:
    """The actor a token stands for, and the ids of its roles by name.

    Raises Unauthorized if anything in it does not hold any more.
    """
    domain = await projects.find(tx, user.domain_id)
    if not user.enabled or domain is None or not domain.enabled:
        raise Unauthorized(f"The account is disabled for user: {user.id}")
    scope = claims.scope
    target = await _target(tx, scope)
    role_ids = await _role_ids(tx, user, scope, target) if scope.kind != "unscoped" else {}
    found = Actor(
        user_id=user.id,
        user_name=user.name,
        user_domain_id=domain.id,
        user_domain_name=domain.name,
        roles=frozenset(role_ids),
        methods=claims.methods,
        audit_ids=claims.audit_ids,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        is_admin="admin" in role_ids,
        is_service="service" in role_ids,
        system=scope.kind == "system",
        **await _scope_fields(tx, scope, target),
    )
    return found, role_ids


async def _target(tx: Reader, scope: Scope) -> Project | None:
    if scope.kind not in ("project", "domain"):
        return None
    target = await projects.find(tx, scope.id)
    if target is None or not target.enabled or target.is_domain != (scope.kind == "domain"):
        raise Unauthorized("The scope of the token does not exist or is disabled.", internal=f"{scope.kind} {scope.id}")
    return target


async def _scope_fields(tx: Reader, scope: Scope, target: Project | None) -> dict[str, str]:
    if target is None:
        return {}
    if scope.kind == "domain":
        return {"domain_id": target.id, "domain_name": target.name}
    domain = await projects.find(tx, target.domain_id)
    if domain is None or not domain.enabled:
        raise Unauthorized("The domain of the token's project is disabled.", internal=target.domain_id)
    return {
        "project_id": target.id,
        "project_name": target.name,
        "project_domain_id": domain.id,
        "project_domain_name": domain.name,
    }


async def _role_ids(tx: Reader, user: User, scope: Scope, target: Project | None) -> dict[str, str]:
    held = await assignments_of(tx, user.id)
    parents = await ancestors(tx, target) if target is not None and scope.kind == "project" else []
    direct = {a.role_id for a in held if applies(a, scope, parents)}
    known = await roles.all_roles(tx)
    reached = closure(direct, await roles.implications(tx))
    names = {known[role_id].name: role_id for role_id in reached if role_id in known}
    if not names:
        raise Unauthorized(
            "The user has no access to the scope.", internal=f"user {user.id} holds no role on {scope.kind} {scope.id}"
        )
    return names


async def assignments_of(tx: Reader, user_id: str) -> list[Assignment]:
    """Everything that a user holds."""
    return await roles.assignments(tx, Page().where("holder_kind", "user").where("holder_id", user_id))


def applies(assignment: Assignment, scope: Scope, parents: list[str]) -> bool:
    """Whether an assignment holds in a scope whose project lies below `parents` (projects and domain)."""
    if assignment.inherited:
        return scope.kind == "project" and assignment.target_id in parents
    return (assignment.target_kind, assignment.target_id) == (scope.kind, scope.id or "all")


async def ancestors(tx: Reader, project: Project) -> list[str]:
    """The ids of the projects above this one, and of its domain."""
    found = [project.domain_id]
    above = project.parent_id
    while above and above not in found:
        found.append(above)
        parent = await projects.find(tx, above)
        above = parent.parent_id if parent else None
    return found


def closure(role_ids: set[str], implications: list[tuple[str, str]]) -> set[str]:
    """The roles and all that they imply, however indirectly."""
    implied = defaultdict(set)
    for prior, role_id in implications:
        implied[prior].add(role_id)
    reached: set[str] = set()
    waiting = set(role_ids)
    while waiting:
        role_id = waiting.pop()
        reached.add(role_id)
        waiting |= implied[role_id] - reached
    return reached


async def scopes_of(tx: Reader, user_id: str, kind: str) -> list[Project]:
    """The enabled projects (or domains) on which a user holds a role, by name."""
    held = await assignments_of(tx, user_id)
    wanted = {a.target_id for a in held if a.target_kind == kind and not a.inherited}
    found = await projects.page(
        tx, Page().where("id", sorted(wanted), "in").where("is_domain", kind == "domain").where("enabled", True)
    )
    from_above = [a.target_id for a in held if a.inherited]
    if kind == "project" and from_above:
        below = await projects.page(tx, Page().where("is_domain", False).where("enabled", True))
        found += [p for p in below if p.id not in wanted and set(await ancestors(tx, p)) & set(from_above)]
    return found
