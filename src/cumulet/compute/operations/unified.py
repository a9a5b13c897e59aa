"""Which limits bear on a project: compute's own, and the unified ones that identity keeps."""

from __future__ import annotations

from ...identity.operations import limits as unified
from ...kernel.db import Reader
from ..rules.limits import Row, with_unified
from ..store import quotas

SERVICE = "compute"


async def rows(tx: Reader, project_id: str) -> list[Row]:
    """(project id, user id, resource, value) of every limit that bears on a project; the unified ones are defaults in it."""
    own = await quotas.overrides(tx, project_id)
    return with_unified(own, await unified.in_force(tx, SERVICE, project_id), project_id)
