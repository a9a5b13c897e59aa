"""Floating IPs."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, insert
from ..model import FloatingIp
from . import rows, tags
from .rows import mine

FLOATING_IPS = sa.Table(
    "floating_ips",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id"), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("floating_port_id", sa.Text, nullable=False),
    sa.Column("port_id", sa.Text),
    sa.Column("fixed_address", sa.Text),
    sa.Column("router_id", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    *rows.stamped(),
    sa.Index("floating_ips_project", "project_id"),
    sa.Index("floating_ips_router", "router_id"),
    sa.Index("floating_ips_address", "network_id", "address", unique=True),
    sa.Index("floating_ips_target", "port_id", "fixed_address", unique=True),
)
F = FLOATING_IPS.c

INSERT, UPDATE, DELETE = insert(FLOATING_IPS), rows.guarded_update(FLOATING_IPS), delete(FLOATING_IPS)
GET = Query(sa.select(FLOATING_IPS).where(F.id == sa.bindparam("key"), mine(F.project_id)), FloatingIp)
OF_PORTS = Query(sa.select(FLOATING_IPS).where(among(F.port_id, "ports")).order_by(F.id), FloatingIp)
OF_ROUTERS = Query(sa.select(FLOATING_IPS).where(among(F.router_id, "routers")).order_by(F.id), FloatingIp)
IDLE = Query(sa.select(FLOATING_IPS).where(F.network_id == sa.bindparam("network"), F.port_id.is_(None)).order_by(F.id), FloatingIp)
COUNT = Query(sa.select(sa.func.count()).select_from(FLOATING_IPS).where(F.project_id == sa.bindparam("project_id")))
LISTING = Listing(
    sa.select(FLOATING_IPS),
    FloatingIp,
    key=F.id,
    sorts={c.name: c for c in FLOATING_IPS.columns},
    filters={c.name: c for c in FLOATING_IPS.columns} | {"seen_by": F.project_id, **tags.filters(F.id)},
    default=[("created_at", False)],
)


async def add(tx: Tx, floating: FloatingIp) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(floating))


async def save(tx: Tx, floating: FloatingIp) -> FloatingIp:
    """Write a changed row; it comes back with its new revision. Raises Conflict, Duplicate."""
    return await rows.save(tx, UPDATE, floating, "floating IP")


async def find(tx: Reader, floating_id: str, project_id: str | None) -> FloatingIp | None:
    """By id, if it is this project's."""
    return await tx.one(GET, key=floating_id, project_id=project_id)


async def of_ports(tx: Reader, port_ids: list[str]) -> list[FloatingIp]:
    """Those that lead to one of these ports."""
    return await tx.all(OF_PORTS, ports=port_ids)


async def of_routers(tx: Reader, router_ids: list[str]) -> list[FloatingIp]:
    """Those behind one of these routers."""
    return await tx.all(OF_ROUTERS, routers=router_ids)


async def idle(tx: Reader, network_id: str) -> list[FloatingIp]:
    """Those of an external network that lead nowhere."""
    return await tx.all(IDLE, network=network_id)


async def count(tx: Reader, project_id: str) -> int:
    """How many a project has."""
    found = await tx.one(COUNT, project_id=project_id)
    return int(found[0]) if found else 0


async def page(tx: Reader, wanted: Page) -> list[FloatingIp]:
    """A page."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, floating_id: str) -> None:
    """Delete the row."""
    await tags.clear(tx, floating_id)
    await tx.do(DELETE, key=floating_id)
