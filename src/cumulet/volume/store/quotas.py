"""Limits that differ from the defaults."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, metadata
from ..model import Quota

QUOTAS = sa.Table(
    "volume_quotas",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("most", sa.Integer, nullable=False),
)
T = QUOTAS.c
OF_PROJECT = Query(sa.select(T.resource, T.most).where(T.project_id == sa.bindparam("project_id")))
INSERT = Query(
    sa.insert(QUOTAS).values(project_id=sa.bindparam("project_id"), resource=sa.bindparam("resource"), most=sa.bindparam("most"))
)
FORGET = Query(sa.delete(QUOTAS).where(T.project_id == sa.bindparam("project_id"), T.resource == sa.bindparam("resource")))
FORGET_ALL = Query(sa.delete(QUOTAS).where(T.project_id == sa.bindparam("project_id")))


async def of_project(tx: Reader, project_id: str) -> Quota:
    """A project's limits."""
    return Quota(**dict(await tx.all(OF_PROJECT, project_id=project_id)))


async def set_limit(tx: Tx, project_id: str, resource: str, most: int) -> None:
    """Set one limit."""
    await tx.do(FORGET, project_id=project_id, resource=resource)
    await tx.do(INSERT, project_id=project_id, resource=resource, most=most)


async def reset(tx: Tx, project_id: str) -> None:
    """Back to the defaults."""
    await tx.do(FORGET_ALL, project_id=project_id)
