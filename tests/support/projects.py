"""Projects that identity knows, for tests whose tokens only say so."""

from __future__ import annotations

from cumulet.identity.model import DEFAULT_DOMAIN, Project
from cumulet.identity.store import projects
from cumulet.kernel.db import Database


async def add_project(db: Database, *project_ids: str) -> None:
    """Make identity know projects of these ids."""
    async with db.tx() as tx:
        for project_id in project_ids:
            project = Project(
                id=project_id,
                name=f"project {project_id}",
                domain_id=DEFAULT_DOMAIN,
                parent_id=DEFAULT_DOMAIN,
                is_domain=False,
                description="",
                enabled=True,
                tags=[],
                options={},
                extra={},
            )
            await projects.add(tx, project)
