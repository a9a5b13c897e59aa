"""Projects and domains, which are projects with `is_domain`."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import Project

PROJECTS = sa.Table(
    "projects",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("parent_id", sa.Text),
    sa.Column("is_domain", sa.Boolean, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("extra", Json, nullable=False),
    sa.Index("projects_name", "domain_id", "is_domain", "name", unique=True),
    sa.Index("projects_parent", "parent_id"),
)
T = PROJECTS.c

INSERT, UPDATE, GET, DELETE = insert(PROJECTS), update(PROJECTS), get(PROJECTS, Project), delete(PROJECTS)
BY_NAME = Query(
    sa.select(PROJECTS).where(
        T.domain_id == sa.bindparam("domain_id"), T.is_domain == sa.bindparam("is_domain"), T.name == sa.bindparam("name")
    ),
    Project,
)
NAMES = Query(sa.select(T.id, T.name, T.domain_id).where(among(T.id, "ids")))
LISTING = Listing(
    sa.select(PROJECTS),
    Project,
    key=T.id,
    sorts={"name": T.name},
    filters={
        "id": T.id,
        "name": T.name,
        "domain_id": T.domain_id,
        "parent_id": T.parent_id,
        "enabled": T.enabled,
        "is_domain": T.is_domain,
    },
    default=[("name", False)],
)


async def add(tx: Tx, project: Project) -> None:
    """Insert. Raises Duplicate if the name is taken in its domain."""
    await tx.do(INSERT, **values(project))


async def save(tx: Tx, project: Project) -> None:
    """Write every field. Raises Duplicate."""
    await tx.do(UPDATE, b_key=project.id, **values(project))


async def find(tx: Reader, project_id: str) -> Project | None:
    """By id, a domain too."""
    return await tx.one(GET, key=project_id)


async def find_by_name(tx: Reader, name: str, domain_id: str, is_domain: bool = False) -> Project | None:
    """By its name in its domain; a domain's own `domain_id` is empty."""
    return await tx.one(BY_NAME, name=name, domain_id=domain_id, is_domain=is_domain)


async def names(tx: Reader, project_ids: set[str]) -> list[tuple[str, str, str]]:
    """(id, name, domain id) of these."""
    return await tx.all(NAMES, ids=sorted(project_ids))


async def page(tx: Reader, wanted: Page) -> list[Project]:
    """A page of projects and domains."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, project_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=project_id)
