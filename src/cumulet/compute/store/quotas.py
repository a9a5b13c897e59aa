"""What projects may use, and what they use."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, metadata
from ..model import Usage
from .servers import SERVERS

LIMITS = sa.Table(
    "compute_limits",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)
"""Limits other than the default ones.

Of a project (`user_id` is ""), of a user in a project, or of all projects (`project_id` is "").
"""

USAGE = sa.Table(
    "compute_usage",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("servers", sa.Integer, nullable=False),
    sa.Column("cores", sa.Integer, nullable=False),
    sa.Column("ram", sa.Integer, nullable=False),
)
L, U = LIMITS.c, USAGE.c
B = sa.bindparam
_figures = ("servers", "cores", "ram")

LIMITS_OF = Query(
    sa.select(L.project_id, L.user_id, L.resource, L.value).where(sa.or_(L.project_id == B("project_id"), L.project_id == ""))
)
SET_LIMIT = Query(
    insert(LIMITS)
    .values(project_id=B("project_id"), user_id=B("user_id"), resource=B("resource"), value=B("value"))
    .on_conflict_do_update(index_elements=["project_id", "user_id", "resource"], set_={"value": B("value")})
)
DROP_LIMITS = Query(sa.delete(LIMITS).where(L.project_id == B("project_id"), L.user_id == B("user_id")))
DROP_ALL = Query(sa.delete(LIMITS).where(L.project_id == B("project_id")))
FLAVORS_OF_USER = Query(
    sa.select(SERVERS.c.flavor).where(
        SERVERS.c.project_id == B("project_id"), SERVERS.c.user_id == B("user_id"), SERVERS.c.deleted_at.is_(None)
    )
)
USAGE_OF = Query(sa.select(U.servers, U.cores, U.ram).where(U.project_id == B("project_id")), Usage)
USAGES: Query[tuple[str, int, int, int]] = Query(sa.select(U.project_id, U.servers, U.cores, U.ram).order_by(U.project_id))
GROW = Query(
    insert(USAGE)
    .values(project_id=B("project_id"), **{name: B(name) for name in _figures})
    .on_conflict_do_update(index_elements=["project_id"], set_={name: U[name] + B(name) for name in _figures})
    .returning(*(U[name] for name in _figures)),
    Usage,
)


async def overrides(tx: Reader, project_id: str) -> list[tuple[str, str, str, int]]:
    """(project id, user id, resource, value) of every limit that bears on a project."""
    return await tx.all(LIMITS_OF, project_id=project_id)


async def set_limit(tx: Tx, project_id: str, user_id: str, resource: str, value: int) -> None:
    """Set one limit; -1 is none."""
    await tx.do(SET_LIMIT, project_id=project_id, user_id=user_id, resource=resource, value=value)


async def drop_limits(tx: Tx, project_id: str, user_id: str = "") -> None:
    """A user's limits are the project's again; without a user, the project and all its users are back to the defaults."""
    if user_id:
        await tx.do(DROP_LIMITS, project_id=project_id, user_id=user_id)
    else:
        await tx.do(DROP_ALL, project_id=project_id)


async def usage(tx: Reader, project_id: str) -> Usage:
    """What the project's servers use."""
    return await tx.one(USAGE_OF, project_id=project_id) or Usage()


async def usage_of_user(tx: Reader, project_id: str, user_id: str) -> Usage:
    """What the servers use that a user has in a project."""
    found = [flavor for (flavor,) in await tx.all(FLAVORS_OF_USER, project_id=project_id, user_id=user_id)]
    return Usage(len(found), sum(flavor["vcpus"] for flavor in found), sum(flavor["ram"] for flavor in found))


async def usages(tx: Reader) -> dict[str, Usage]:
    """What is written down for every project that ever had a server."""
    return {project_id: Usage(*figures) for project_id, *figures in await tx.all(USAGES)}


async def grow(tx: Tx, project_id: str, by: Usage) -> Usage:
    """Add to a project's usage (or take away, if negative) and return what it is then; other writers of it wait."""
    grown = await tx.one(GROW, project_id=project_id, servers=by.servers, cores=by.cores, ram=by.ram)
    assert grown is not None
    return grown
