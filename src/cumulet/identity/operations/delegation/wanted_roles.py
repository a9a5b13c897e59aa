"""Roles as clients name them in a trust or an application credential: each by its id, or by its name."""

from __future__ import annotations

from collections.abc import Sequence

from ....kernel.errors import Conflict, NotFound
from ..roles.holdings import Implications


def chosen(implied: Implications, wanted: Sequence[tuple[str | None, str | None]]) -> list[str]:
    """The ids of roles given as (id, name). Raises NotFound, Conflict for a name that several roles have."""
    return [_chosen(implied, role_id, name) for role_id, name in wanted]


def _chosen(implied: Implications, role_id: str | None, name: str | None) -> str:
    if role_id is not None and role_id in implied.roles:
        return role_id
    named = [role.id for role in implied.roles.values() if role_id is None and role.name == name]
    if not named:
        raise NotFound(f"Could not find role: {role_id or name}.")
    if len(named) > 1:
        raise Conflict(f"There are several roles with the name {name}: say which by its id.")
    return named[0]
