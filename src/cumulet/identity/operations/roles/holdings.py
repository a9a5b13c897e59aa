"""What somebody holds: themselves, through groups, from projects above, by implication."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from ....kernel.db import Page, Reader
from ...model import Assignment, Project, Role, Scope
from ...store import assignments, projects, roles


class Implications(Struct, frozen=True):
    """Every role by id, and which (prior) implies which."""

    roles: dict[str, Role]
    pairs: list[tuple[str, str]]

    def reach(self, role_ids: set[str]) -> set[str]:
        """The roles and all that they imply, however indirectly."""
        implied = defaultdict(set)
        for prior, role_id in self.pairs:
            implied[prior].add(role_id)
        reached: set[str] = set()
        waiting = set(role_ids)
        while waiting:
            role_id = waiting.pop()
            reached.add(role_id)
            waiting |= implied[role_id] - reached
        return reached

    def in_tokens(self, role_ids: set[str]) -> dict[str, str]:
        """Name to id of what a token would carry: all that is reached, without the roles that belong to a domain."""
        reached = (self.roles[role_id] for role_id in self.reach(role_ids) if role_id in self.roles)
        return {role.name: role.id for role in reached if not role.domain_id}


async def implications(tx: Reader) -> Implications:
    """All roles and implications: there are few."""
    return Implications(await roles.all_roles(tx), await roles.implications(tx))


def applies(assignment: Assignment, scope: Scope, above: list[str]) -> bool:
    """Whether an assignment holds in a scope whose project lies below `above` (projects and domain)."""
    if assignment.inherited:
        return scope.kind == "project" and assignment.target_id in above
    return (assignment.target_kind, assignment.target_id) == (scope.kind, scope.id or "all")


async def role_ids_in(tx: Reader, user_id: str, scope: Scope, target: Project | None, idp_id: str = "") -> set[str]:
    """The ids of the roles that were given to a user, or a group of theirs, and hold in a scope; what they imply is left out.

    `idp_id` is the identity provider of a federated token: the groups that it gave count too.
    """
    held = await assignments.of_user(tx, user_id, idp_id)
    above = await ancestors(tx, target) if target is not None and scope.kind == "project" else []
    return {a.role_id for a in held if applies(a, scope, above)}


async def ancestors(tx: Reader, project: Project) -> list[str]:
    """The ids of the projects above this one, and of its domain."""
    found = [project.domain_id]
    above = project.parent_id
    while above and above not in found:
        found.append(above)
        parent = await projects.find(tx, above)
        above = parent.parent_id if parent else None
    return found


Children = Mapping[str | None, Sequence[Project]]


def children_of(everything: Iterable[Project]) -> Children:
    """Projects by the id of what they lie in."""
    children = defaultdict(list)
    for project in everything:
        children[project.parent_id].append(project)
    return children


def below(children: Children, source_id: str) -> list[Project]:
    """The projects that lie below a project or domain, those nearer to it first."""
    found: list[Project] = []
    waiting = deque([source_id])
    while waiting:
        level = children.get(waiting.popleft(), ())
        found += level
        waiting += [project.id for project in level]
    return found


async def scopes_of(tx: Reader, user_id: str, kind: str, idp_id: str = "") -> list[Project]:
    """The enabled projects (or domains) to which a user could scope a token, by name."""
    implied = await implications(tx)
    held = [a for a in await assignments.of_user(tx, user_id, idp_id) if implied.in_tokens({a.role_id})]
    wanted = {a.target_id for a in held if a.target_kind == kind and not a.inherited}
    sources = {a.target_id for a in held if a.inherited}
    if kind == "project" and sources:
        children = children_of(await projects.page(tx, Page().where("is_domain", False)))
        wanted |= {project.id for source in sources for project in below(children, source)}
    page = Page().where("id", sorted(wanted), "in").where("is_domain", kind == "domain").where("enabled", True)
    return await projects.page(tx, page)


async def holds_on_system(tx: Reader, user_id: str, idp_id: str = "") -> bool:
    """Whether a user could scope a token to the system."""
    implied, held = await implications(tx), await assignments.of_user(tx, user_id, idp_id)
    return any(a.target_kind == "system" and implied.in_tokens({a.role_id}) for a in held)
