"""Subnets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, insert
from ..model import HostRoute, Pool, Subnet
from . import rows, tags
from .networks import N, visible
from .rows import PROJECT

SUBNETS = sa.Table(
    "subnets",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("ip_version", sa.Integer, nullable=False),
    sa.Column("cidr", sa.Text, nullable=False),
    sa.Column("gateway_ip", sa.Text),
    sa.Column("enable_dhcp", sa.Boolean, nullable=False),
    sa.Column("allocation_pools", Json, nullable=False),
    sa.Column("dns_nameservers", Json, nullable=False),
    sa.Column("host_routes", Json, nullable=False),
    sa.Column("ipv6_ra_mode", sa.Text),
    sa.Column("ipv6_address_mode", sa.Text),
    sa.Column("subnetpool_id", sa.Text),
    sa.Column("service_types", Json, nullable=False),
    *rows.stamped(),
    sa.Index("subnets_network", "network_id"),
    sa.Index("subnets_project", "project_id"),
    sa.Index("subnets_pool", "subnetpool_id"),
)
T = SUBNETS.c
ROW = rows.typed(Subnet, allocation_pools=list[Pool], host_routes=list[HostRoute])


def _visible(project: Any) -> sa.ColumnElement[bool]:
    """A project sees its own subnets and those of the networks it sees."""
    return sa.or_(T.project_id == project, T.network_id.in_(sa.select(N.id).where(visible(project))))


def _seen_by(op: str, name: str) -> sa.ColumnElement[bool]:
    return _visible(sa.bindparam(name, type_=sa.Text()))


def _shared(op: str, name: str) -> sa.ColumnElement[bool]:
    return T.network_id.in_(sa.select(N.id).where(N.shared == sa.bindparam(name, type_=sa.Boolean())))


def _external(op: str, name: str) -> sa.ColumnElement[bool]:
    return T.network_id.in_(sa.select(N.id).where(N.external == sa.bindparam(name, type_=sa.Boolean())))


_ORDER = (T.created_at, T.id)
INSERT, UPDATE, DELETE = insert(SUBNETS), rows.guarded_update(SUBNETS), delete(SUBNETS)
GET = Query(sa.select(SUBNETS).where(T.id == sa.bindparam("key"), sa.or_(PROJECT.is_(None), _visible(PROJECT))), ROW)
MANY = Query(sa.select(SUBNETS).where(among(T.id, "ids")), ROW)
OF_NETWORKS = Query(sa.select(SUBNETS).where(among(T.network_id, "networks")).order_by(*_ORDER), ROW)
IDS_OF_NETWORKS = Query(sa.select(T.network_id, T.id).where(among(T.network_id, "networks")).order_by(*_ORDER))
FROM_POOL = Query(sa.select(T.cidr).where(T.subnetpool_id == sa.bindparam("subnetpool")))
_PLAIN = [c for c in SUBNETS.columns if not isinstance(c.type, Json)]
LISTING = Listing(
    sa.select(SUBNETS),
    ROW,
    key=T.id,
    sorts={c.name: c for c in _PLAIN},
    filters={c.name: c for c in _PLAIN} | {"seen_by": _seen_by, "shared": _shared, "external": _external, **tags.filters(T.id)},
    default=[("created_at", False)],
)


async def add(tx: Tx, subnet: Subnet) -> None:
    """Insert."""
    await tx.do(INSERT, **values(subnet))


async def save(tx: Tx, subnet: Subnet) -> Subnet:
    """Write a changed row; it comes back with its new revision. Raises Conflict."""
    return await rows.save(tx, UPDATE, subnet, "subnet")


async def find(tx: Reader, subnet_id: str, project_id: str | None) -> Subnet | None:
    """By id, if this project may see it."""
    return await tx.one(GET, key=subnet_id, project_id=project_id)


async def many(tx: Reader, subnet_ids: list[str]) -> dict[str, Subnet]:
    """Those that are there, by id."""
    return {subnet.id: subnet for subnet in await tx.all(MANY, ids=subnet_ids)}


async def of_network(tx: Reader, network_id: str) -> list[Subnet]:
    """A network's subnets, oldest first."""
    return await tx.all(OF_NETWORKS, networks=[network_id])


async def of_networks(tx: Reader, network_ids: list[str]) -> list[Subnet]:
    """The subnets of several networks, oldest first."""
    return await tx.all(OF_NETWORKS, networks=network_ids)


async def ids_of_networks(tx: Reader, network_ids: list[str]) -> dict[str, list[str]]:
    """The ids of each network's subnets."""
    found: dict[str, list[str]] = {network_id: [] for network_id in network_ids}
    for network_id, subnet_id in await tx.all(IDS_OF_NETWORKS, networks=network_ids):
        found[network_id].append(subnet_id)
    return found


async def from_pool(tx: Reader, subnetpool_id: str) -> list[str]:
    """The blocks that were taken from a subnet pool."""
    return [cidr for (cidr,) in await tx.all(FROM_POOL, subnetpool=subnetpool_id)]


async def page(tx: Reader, wanted: Page) -> list[Subnet]:
    """A page."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, subnet_id: str) -> None:
    """Delete the row."""
    await tags.clear(tx, subnet_id)
    await tx.do(DELETE, key=subnet_id)
