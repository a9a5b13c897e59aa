"""Limits: what every project gets (registered), and what single projects and domains get instead."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import Limit, RegisteredLimit
from .catalog import SERVICES

REGISTERED = sa.Table(
    "registered_limits",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("service_id", sa.Text, sa.ForeignKey("catalog_services.id", ondelete="CASCADE"), nullable=False),
    sa.Column("region_id", sa.Text, sa.ForeignKey("regions.id")),
    sa.Column("resource_name", sa.Text, nullable=False),
    sa.Column("default_limit", sa.Integer, nullable=False),
    sa.Column("description", sa.Text),
    sa.Index("registered_limits_resource", "service_id", "resource_name"),
)
LIMITS = sa.Table(
    "limits",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE")),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE")),
    sa.Column("service_id", sa.Text, sa.ForeignKey("catalog_services.id", ondelete="CASCADE"), nullable=False),
    sa.Column("region_id", sa.Text, sa.ForeignKey("regions.id")),
    sa.Column("resource_name", sa.Text, nullable=False),
    sa.Column("resource_limit", sa.Integer, nullable=False),
    sa.Column("description", sa.Text),
    sa.Index("limits_project", "project_id"),
    sa.Index("limits_domain", "domain_id"),
    sa.Index("limits_resource", "service_id", "resource_name"),
)
R, L = REGISTERED.c, LIMITS.c

INSERT_REGISTERED, UPDATE_REGISTERED = insert(REGISTERED), update(REGISTERED)
GET_REGISTERED, DELETE_REGISTERED = get(REGISTERED, RegisteredLimit), delete(REGISTERED)
REGISTERED_LISTING = Listing(
    sa.select(REGISTERED),
    RegisteredLimit,
    key=R.id,
    sorts={"resource_name": R.resource_name},
    filters={"service_id": R.service_id, "region_id": R.region_id, "resource_name": R.resource_name},
    default=[("resource_name", False)],
)
INSERT, UPDATE, GET, DELETE = insert(LIMITS), update(LIMITS), get(LIMITS, Limit), delete(LIMITS)
LISTING = Listing(
    sa.select(LIMITS),
    Limit,
    key=L.id,
    sorts={"resource_name": L.resource_name},
    filters={name: L[name] for name in ("service_id", "region_id", "resource_name", "project_id", "domain_id")},
    default=[("resource_name", False)],
)
_OWN = sa.and_(
    L.service_id == R.service_id,
    L.resource_name == R.resource_name,
    L.project_id == sa.bindparam("project_id"),
    sa.func.coalesce(L.region_id, "") == sa.func.coalesce(R.region_id, ""),
)
IN_FORCE: Query[Any] = Query(
    sa.select(R.resource_name, sa.func.coalesce(L.resource_limit, R.default_limit, type_=sa.Integer()))
    .select_from(REGISTERED.join(SERVICES, SERVICES.c.id == R.service_id).outerjoin(LIMITS, _OWN))
    .where(SERVICES.c.type == sa.bindparam("service_type"))
)


async def in_force(tx: Reader, service_type: str, project_id: str) -> list[tuple[str, int]]:
    """Every registered resource of a service, with what the project has of it."""
    return await tx.all(IN_FORCE, service_type=service_type, project_id=project_id)


async def add_registered(tx: Tx, limit: RegisteredLimit) -> None:
    """Insert."""
    await tx.do(INSERT_REGISTERED, **values(limit))


async def save_registered(tx: Tx, limit: RegisteredLimit) -> None:
    """Write every field."""
    await tx.do(UPDATE_REGISTERED, b_key=limit.id, **values(limit))


async def find_registered(tx: Reader, limit_id: str) -> RegisteredLimit | None:
    """By id."""
    return await tx.one(GET_REGISTERED, key=limit_id)


async def page_registered(tx: Reader, wanted: Page) -> list[RegisteredLimit]:
    """A page of registered limits."""
    return await REGISTERED_LISTING.page(tx, wanted)


async def remove_registered(tx: Tx, limit_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE_REGISTERED, key=limit_id)


async def add(tx: Tx, limit: Limit) -> None:
    """Insert."""
    await tx.do(INSERT, **values(limit))


async def save(tx: Tx, limit: Limit) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=limit.id, **values(limit))


async def find(tx: Reader, limit_id: str) -> Limit | None:
    """By id."""
    return await tx.one(GET, key=limit_id)


async def page(tx: Reader, wanted: Page) -> list[Limit]:
    """A page of limits."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, limit_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=limit_id)
