"""Limits that differ from the defaults, and the row that whoever grows a project's use must hold."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, metadata
from ..model import Quota

QUOTAS = sa.Table(
    "volume_quotas",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("most", sa.Integer, nullable=False),
)
GROWING = sa.Table(
    "volume_growth",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("times", sa.Integer, nullable=False),
)
T, G = QUOTAS.c, GROWING.c
_B = sa.bindparam
OF_PROJECT: Query[Any] = Query(sa.select(T.resource, T.most).where(T.project_id == _B("project_id")))
SET = Query(
    insert(QUOTAS)
    .values(project_id=_B("project_id"), resource=_B("resource"), most=_B("most"))
    .on_conflict_do_update(index_elements=["project_id", "resource"], set_={"most": _B("most")})
)
FORGET_ALL = Query(sa.delete(QUOTAS).where(T.project_id == _B("project_id")))
GROW = Query(
    insert(GROWING)
    .values(project_id=_B("project_id"), times=1)
    .on_conflict_do_update(index_elements=["project_id"], set_={"times": G.times + 1})
)


async def of_project(tx: Reader, project_id: str) -> Quota:
    """A project's limits."""
    return Quota(**dict(await tx.all(OF_PROJECT, project_id=project_id)))


async def set_limit(tx: Tx, project_id: str, resource: str, most: int) -> None:
    """Set one limit."""
    await tx.do(SET, project_id=project_id, resource=resource, most=most)


async def reset(tx: Tx, project_id: str) -> None:
    """Back to the defaults."""
    await tx.do(FORGET_ALL, project_id=project_id)


async def hold(tx: Tx, project_id: str) -> None:
    """Until the transaction ends nobody else makes the project use more."""
    await tx.do(GROW, project_id=project_id)
