"""How much a project, or one of its users, holds."""

from __future__ import annotations

from ...kernel.db import Reader
from ..store import consumers as store
from ..store.consumers import Usage

ALL, UNKNOWN = "all", "unknown"
"""Consumer types that are not types: every consumer together, and those that never said what they are."""


async def of_project(tx: Reader, project_id: str, user_id: str | None = None) -> dict[str, int]:
    """What a project (or one of its users) holds, by resource class."""
    return await store.used(tx, project_id, user_id)


async def by_type(tx: Reader, project_id: str, user_id: str | None = None, kind: str | None = None) -> dict[str, Usage]:
    """The same by the type of the consumers, or only for one type; `all` puts every consumer under one key."""
    found = await store.used_by_type(tx, project_id, user_id, together=kind == ALL)
    if kind in (None, ALL):
        return found
    return {name: usage for name, usage in found.items() if name == kind}
