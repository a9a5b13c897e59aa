"""Names of what role assignments name by id."""

from __future__ import annotations

from typing import Any

from ....kernel.db import Page, Reader
from ...model import Assignment, Group, Project, User
from ...store import groups, projects, roles, users

Names = dict[str, dict[str, Any]]


async def names_of(tx: Reader, found: list[Assignment]) -> Names:
    """By id: id and name, and the domain if there is one, of all that these assignments mention."""
    holders = {kind: {a.holder_id for a in found if a.holder_kind == kind} for kind in ("user", "group")}
    places = await projects.page(tx, _among({a.target_id for a in found}))
    owned: list[User | Group | Project] = [
        *await users.page(tx, _among(holders["user"])),
        *await groups.page(tx, _among(holders["group"])),
        *(place for place in places if not place.is_domain),
    ]
    known = await roles.all_roles(tx)
    mentioned = [known[role_id] for role_id in {a.role_id for a in found} if role_id in known]
    home_ids = {o.domain_id for o in owned} | {role.domain_id for role in mentioned}
    homes = {d.id: {"id": d.id, "name": d.name} for d in await projects.page(tx, _among(home_ids))}
    named: Names = {place.id: {"id": place.id, "name": place.name} for place in places if place.is_domain}
    for one in owned:
        named[one.id] = {"id": one.id, "name": one.name, "domain": homes.get(one.domain_id, {"id": one.domain_id})}
    for role in mentioned:
        home = {"domain": homes.get(role.domain_id, {"id": role.domain_id})} if role.domain_id else {}
        named[role.id] = {"id": role.id, "name": role.name, **home}
    return named


def _among(ids: set[str]) -> Page:
    return Page().where("id", sorted(ids), "in")
