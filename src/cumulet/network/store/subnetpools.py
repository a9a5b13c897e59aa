"""Subnet pools."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, insert
from ..model import SubnetPool
from . import rows, tags
from .rows import PROJECT

POOLS = sa.Table(
    "subnetpools",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("ip_version", sa.Integer, nullable=False),
    sa.Column("prefixes", Json, nullable=False),
    sa.Column("default_prefixlen", sa.Integer, nullable=False),
    sa.Column("min_prefixlen", sa.Integer, nullable=False),
    sa.Column("max_prefixlen", sa.Integer, nullable=False),
    sa.Column("default_quota", sa.Integer),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False),
    *rows.stamped(),
    sa.Index("subnetpools_project", "project_id"),
)
T = POOLS.c


def _visible(project: Any) -> sa.ColumnElement[bool]:
    """A project sees its own pools and the shared ones."""
    return sa.or_(T.project_id == project, T.shared)


def _seen_by(op: str, name: str) -> sa.ColumnElement[bool]:
    return _visible(sa.bindparam(name, type_=sa.Text()))


LOCK = rows.locking(POOLS)
INSERT, UPDATE, DELETE = insert(POOLS), rows.guarded_update(POOLS), delete(POOLS)
GET = Query(sa.select(POOLS).where(T.id == sa.bindparam("key"), sa.or_(PROJECT.is_(None), _visible(PROJECT))), SubnetPool)
DEFAULT = Query(sa.select(POOLS).where(T.is_default, T.ip_version == sa.bindparam("version")), SubnetPool)
_PLAIN = [c for c in POOLS.columns if not isinstance(c.type, Json)]
LISTING = Listing(
    sa.select(POOLS),
    SubnetPool,
    key=T.id,
    sorts={c.name: c for c in _PLAIN},
    filters={c.name: c for c in _PLAIN} | {"seen_by": _seen_by, **tags.filters(T.id)},
    default=[("created_at", False)],
)


async def add(tx: Tx, pool: SubnetPool) -> None:
    """Insert."""
    await tx.do(INSERT, **values(pool))


async def lock(tx: Tx, pool_id: str) -> None:
    """Let nobody else change what is taken from this pool until the transaction ends."""
    await tx.one(LOCK, key=pool_id)


async def save(tx: Tx, pool: SubnetPool) -> SubnetPool:
    """Write a changed row; it comes back with its new revision. Raises Conflict."""
    return await rows.save(tx, UPDATE, pool, "subnet pool")


async def find(tx: Reader, pool_id: str, project_id: str | None) -> SubnetPool | None:
    """By id, if this project may see it."""
    return await tx.one(GET, key=pool_id, project_id=project_id)


async def default(tx: Reader, ip_version: int) -> SubnetPool | None:
    """The default pool of an IP version, if there is one."""
    return await tx.one(DEFAULT, version=ip_version)


async def page(tx: Reader, wanted: Page) -> list[SubnetPool]:
    """A page."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, pool_id: str) -> None:
    """Delete the row."""
    await tags.clear(tx, pool_id)
    await tx.do(DELETE, key=pool_id)
