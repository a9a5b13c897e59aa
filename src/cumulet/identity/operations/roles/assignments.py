"""Role assignments, as they were made and as they take effect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Forbidden, NotFound
from ...model import Assignment, Project, Role
from ...store import assignments, groups, projects, roles
from ...store.delegation import application_credentials
from .. import projects as project_operations
from ..resources import groups as group_operations
from ..resources import users
from . import holdings
from .holdings import below


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
    if not effective:
        found = [Effective(a, a) for a in made]
    else:
        everything = await projects.page(tx, Page().where("is_domain", False)) if any(a.inherited for a in made) else []
        members = await _members(tx, made, wanted.user_id)
        implied = await holdings.implications(tx)
        found = [e for source in made for e in _expanded(source, members, everything, implied)]
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
    if not effective and wanted.target_ids is not None:
        page = page.where("target_id", sorted(wanted.target_ids), "in")
    return await assignments.page(tx, page)


async def _members(tx: Reader, made: list[Assignment], user_id: str | None) -> dict[str, list[str]]:
    """The users of each group that holds something; only `user_id`, if it is given."""
    group_ids = sorted({a.holder_id for a in made if a.holder_kind == "group"})
    if user_id is not None:
        return {group_id: [user_id] for group_id in group_ids}
    members = defaultdict(list)
    for group_id, member_id in await groups.member_ids(tx, group_ids) if group_ids else []:
        members[group_id].append(member_id)
    return members


def _expanded(
    source: Assignment, members: dict[str, list[str]], everything: list[Project], implied: holdings.Implications
) -> Iterator[Effective]:
    holders = members[source.holder_id] if source.holder_kind == "group" and source.holder_id in members else []
    targets = [(source.target_kind, source.target_id)]
    if source.inherited:
        targets = [("project", project.id) for project in below(everything, source.target_id)]
    for user_id in holders if source.holder_kind == "group" else [source.holder_id]:
        for target in targets:
            for role_id in sorted(implied.in_tokens({source.role_id}).values()):
                yield Effective(Assignment("user", user_id, *target, role_id, False), source)


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
