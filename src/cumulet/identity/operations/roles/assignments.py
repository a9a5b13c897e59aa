"""Role assignments, as they were made and as they take effect."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Forbidden, NotFound
from ...model import Assignment, Role
from ...store import assignments, groups, projects, roles
from ...store.delegation import application_credentials
from .. import projects as project_operations
from ..resources import groups as group_operations
from ..resources import users
from . import holdings
from .holdings import below, children_of


async def grant(tx: Tx, assignment: Assignment) -> None:
    """Give a role. Twice is as good as once. Raises NotFound, and Forbidden for a role that belongs to another domain."""
    await _check(tx, assignment)
    await _check_domain(tx, assignment)
    held = await assignments.held(tx, assignment.holder_kind, assignment.holder_id, assignment.target_kind, assignment.target_id)
    if assignment not in held:
        await assignments.grant(tx, assignment)
        tx.signal("identity", assignment.holder_id)


async def _check_domain(tx: Reader, assignment: Assignment) -> None:
    """A role of a domain can be held on projects of that domain only."""
    role = await roles.find(tx, assignment.role_id)
    if role is None or not role.domain_id or assignment.target_kind == "domain":
        return
    target = await projects.find(tx, assignment.target_id)
    if target is None or target.domain_id != role.domain_id:
        raise Forbidden(f"Role {role.id} belongs to another domain than {assignment.target_kind} {assignment.target_id}.")


async def revoke(tx: Tx, assignment: Assignment) -> None:
    """Take a role away, and from a user also the application credentials in that project. Raises NotFound if it was not held."""
    if not await assignments.revoke(tx, assignment):
        raise NotFound(_missing(assignment))
    if assignment.holder_kind == "user" and assignment.target_kind == "project":
        await application_credentials.forget(tx, assignment.holder_id, assignment.target_id)
    tx.signal("identity", assignment.holder_id)


async def held(tx: Reader, assignment: Assignment) -> list[Role]:
    """The roles that a holder was given on a target; `role_id` is not looked at. Raises NotFound."""
    await _check(tx, assignment)
    known = await roles.all_roles(tx)
    found = await assignments.held(tx, assignment.holder_kind, assignment.holder_id, assignment.target_kind, assignment.target_id)
    return [known[a.role_id] for a in found if a.inherited == assignment.inherited]


async def check(tx: Reader, assignment: Assignment) -> None:
    """Raise NotFound unless exactly this is held."""
    if assignment.role_id not in {role.id for role in await held(tx, assignment)}:
        raise NotFound(_missing(assignment))


def _missing(a: Assignment) -> str:
    return f"Could not find role assignment with role: {a.role_id}, {a.holder_kind}: {a.holder_id}, {a.target_kind}: {a.target_id}."


async def _check(tx: Reader, assignment: Assignment) -> None:
    if assignment.role_id and await roles.find(tx, assignment.role_id) is None:
        raise NotFound(f"Could not find role: {assignment.role_id}.")
    if assignment.holder_kind == "user":
        await users.get(tx, assignment.holder_id)
    else:
        await group_operations.get(tx, assignment.holder_id)
    if assignment.target_kind == "project":
        await project_operations.get(tx, assignment.target_id)
    elif assignment.target_kind == "domain":
        await project_operations.get_domain(tx, assignment.target_id)


class Effective(Struct, frozen=True):
    """An assignment as it takes effect, and the one that was made: they differ by membership, inheritance, implication."""

    assignment: Assignment
    source: Assignment


class Wanted(Struct, frozen=True):
    """Which assignments. `target_ids` None is all; only those in the domain `home_id` and its projects, if it is given."""

    user_id: str | None = None
    group_id: str | None = None
    role_id: str | None = None
    target_kind: str | None = None
    target_ids: frozenset[str] | None = None
    inherited: bool | None = None
    home_id: str | None = None


async def tree_ids(tx: Reader, project_id: str) -> frozenset[str]:
    """The ids of a project and of all below it. Raises NotFound."""
    project = await project_operations.get(tx, project_id)
    return frozenset({project_id, *(p.id for p in await project_operations.subtree(tx, project))})


async def listed(tx: Reader, wanted: Wanted, effective: bool) -> list[Effective]:
    """Assignments as they were made, or (`effective`) with groups, inheritance and implied roles worked out."""
    made = await _made(tx, wanted, effective)
    found = _expanded(made, await _reach(tx, made, wanted.user_id)) if effective else (Effective(a, a) for a in made)
    homes = await _home(tx, wanted.home_id)
    return [e for e in found if _is_wanted(e, wanted, effective) and (homes is None or e.assignment.target_id in homes)]


async def _made(tx: Reader, wanted: Wanted, effective: bool) -> list[Assignment]:
    """What was made, narrowed as far as the store can."""
    if wanted.user_id is not None and effective:
        return await assignments.of_user(tx, wanted.user_id)
    page = Page()
    for kind, holder_id in (("user", wanted.user_id), ("group", wanted.group_id)):
        if holder_id is not None:
            page = page.where("holder_kind", kind).where("holder_id", holder_id)
    if wanted.target_ids is not None:
        above = await _above(tx, wanted.target_ids) if effective else frozenset()
        page = page.where("target_id", sorted(wanted.target_ids | above), "in")
    elif wanted.target_kind == "system":
        page = page.where("target_kind", "system")
    return await assignments.page(tx, page)


async def _above(tx: Reader, target_ids: frozenset[str]) -> frozenset[str]:
    """The projects and domains from which something may be inherited to one of these."""
    found: set[str] = set()
    for target_id in target_ids:
        target = await projects.find(tx, target_id)
        if target is not None and not target.is_domain:
            found |= set(await holdings.ancestors(tx, target))
    return frozenset(found)


class _Reach(Struct, frozen=True):
    """What assignments come to: the users of each group, the projects below each place, the ids of what each role carries."""

    members: dict[str, list[str]]
    places: dict[str, list[str]]
    carried: dict[str, list[str]]


async def _reach(tx: Reader, made: list[Assignment], user_id: str | None) -> _Reach:
    """Each worked out once, for many assignments have the same; of the groups' users only `user_id`, if it is given."""
    sources = {a.target_id for a in made if a.inherited}
    children = children_of(await projects.page(tx, Page().where("is_domain", False)) if sources else [])
    implied = await holdings.implications(tx)
    return _Reach(
        await _members(tx, made, user_id),
        {source: [project.id for project in below(children, source)] for source in sources},
        {role_id: sorted(implied.in_tokens({role_id}).values()) for role_id in {a.role_id for a in made}},
    )


async def _members(tx: Reader, made: list[Assignment], user_id: str | None) -> dict[str, list[str]]:
    group_ids = sorted({a.holder_id for a in made if a.holder_kind == "group"})
    if user_id is not None:
        return {group_id: [user_id] for group_id in group_ids}
    members = defaultdict(list)
    for group_id, member_id in await groups.member_ids(tx, group_ids) if group_ids else []:
        members[group_id].append(member_id)
    return members


def _expanded(made: list[Assignment], reach: _Reach) -> Iterator[Effective]:
    for source in made:
        holders = reach.members.get(source.holder_id, []) if source.holder_kind == "group" else [source.holder_id]
        targets = [(source.target_kind, source.target_id)]
        if source.inherited:
            targets = [("project", project_id) for project_id in reach.places[source.target_id]]
        for holder, target, role_id in itertools.product(holders, targets, reach.carried[source.role_id]):
            yield Effective(Assignment("user", holder, *target, role_id, False), source)


async def _home(tx: Reader, home_id: str | None) -> set[str] | None:
    if home_id is None:
        return None
    return {home_id, *(p.id for p in await projects.page(tx, Page().where("domain_id", home_id)))}


def _is_wanted(found: Effective, wanted: Wanted, effective: bool) -> bool:
    taken = found.assignment
    inherited = found.source.inherited
    return (
        wanted.role_id in (None, taken.role_id)
        and wanted.target_kind in (None, taken.target_kind)
        and (wanted.target_ids is None or taken.target_id in wanted.target_ids)
        and (wanted.inherited is None or wanted.inherited == inherited)
    )
