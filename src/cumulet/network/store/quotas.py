"""Projects' own limits; a project without one has the default.

`network_projects` has a row per project for one purpose: whoever counts what a project has, to make more, holds it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, metadata

QUOTAS = sa.Table(
    "network_quotas",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("quota", sa.Integer, nullable=False),
)
PROJECTS = sa.Table(
    "network_projects",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("locked", sa.Integer, nullable=False),
)
Q = QUOTAS.c
_KEY = (Q.project_id == sa.bindparam("b_project"), Q.resource == sa.bindparam("b_resource"))

OF_PROJECT = Query(sa.select(Q.resource, Q.quota).where(Q.project_id == sa.bindparam("project_id")))
WITH_LIMITS = Query(sa.select(Q.project_id).distinct().order_by(Q.project_id))
LOCK = Query(
    insert(PROJECTS)
    .values(project_id=sa.bindparam("project_id"), locked=1)
    .on_conflict_do_update(index_elements=["project_id"], set_={"locked": 1})
)
SET = Query(sa.update(QUOTAS).where(*_KEY).values(quota=sa.bindparam("quota")))
ADD = Query(
    sa.insert(QUOTAS).values(project_id=sa.bindparam("b_project"), resource=sa.bindparam("b_resource"), quota=sa.bindparam("quota"))
)
FORGET = Query(sa.delete(QUOTAS).where(Q.project_id == sa.bindparam("project_id")))


async def lock(tx: Tx, project_id: str) -> None:
    """Keep others from counting what this project has until the transaction ends: then a limit cannot be passed by two at once."""
    await tx.do(LOCK, project_id=project_id)


async def of_project(tx: Reader, project_id: str) -> dict[str, int]:
    """The project's own limits by resource."""
    return dict(await tx.all(OF_PROJECT, project_id=project_id))


async def projects(tx: Reader) -> list[str]:
    """The projects that have limits of their own."""
    return [project_id for (project_id,) in await tx.all(WITH_LIMITS)]


async def set_limit(tx: Tx, project_id: str, resource: str, limit: int) -> None:
    """Write one limit; -1 is unlimited."""
    changed = await tx.do(SET, b_project=project_id, b_resource=resource, quota=limit)
    if not changed:
        await tx.do(ADD, b_project=project_id, b_resource=resource, quota=limit)


async def forget(tx: Tx, project_id: str) -> bool:
    """Back to the defaults; whether the project had limits of its own."""
    return await tx.do(FORGET, project_id=project_id) > 0
