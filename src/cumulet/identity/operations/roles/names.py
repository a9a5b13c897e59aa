"""Names of what role assignments name by id."""

from __future__ import annotations

from typing import Any

from ....kernel.db import Reader
from ...model import Assignment
from ...store import groups, projects, roles, users

Names = dict[str, dict[str, Any]]


async def names_of(tx: Reader, found: list[Assignment]) -> Names:
    """By id: id and name, and the domain if there is one, of all that these assignments mention."""
    holders = {kind: {a.holder_id for a in found if a.holder_kind == kind} for kind in ("user", "group")}
    places = await projects.names(tx, {a.target_id for a in found})
    owned = [*await users.names(tx, holders["user"]), *await groups.names(tx, holders["group"]), *places]
    known = await roles.all_roles(tx)
    mentioned = [known[role_id] for role_id in {a.role_id for a in found} if role_id in known]
    owned += [(role.id, role.name, role.domain_id) for role in mentioned]
    homes = {home: {"id": home, "name": name} for home, name, _ in await projects.names(tx, {home for _, _, home in owned})}
    return {key: _named(key, name, home, homes) for key, name, home in owned}


def _named(key: str, name: str, home: str, homes: Names) -> dict[str, Any]:
    """Domains and global roles are in no domain."""
    return {"id": key, "name": name, **({"domain": homes.get(home, {"id": home})} if home else {})}
