"""Routers. Their interfaces are ports, whose device they are."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, insert
from ..model import INTERFACE_OWNER, HostRoute, Router
from . import rows, tags
from .ports import PORTS
from .ports.addresses import ADDRESSES
from .rows import mine

ROUTERS = sa.Table(
    "routers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("distributed", sa.Boolean, nullable=False),
    sa.Column("ha", sa.Boolean, nullable=False),
    sa.Column("enable_snat", sa.Boolean, nullable=False),
    sa.Column("gateway_network_id", sa.Text),
    sa.Column("gateway_port_id", sa.Text),
    sa.Column("routes", Json, nullable=False),
    sa.Column("availability_zone_hints", Json, nullable=False),
    *rows.stamped(),
    sa.Index("routers_project", "project_id"),
    sa.Index("routers_gateway", "gateway_network_id"),
)
T, P, A = ROUTERS.c, PORTS.c, ADDRESSES.c
ROW = rows.typed(Router, routes=list[HostRoute])

LOCK = rows.locking(ROUTERS)
INSERT, UPDATE, DELETE = insert(ROUTERS), rows.guarded_update(ROUTERS), delete(ROUTERS)
GET = Query(sa.select(ROUTERS).where(T.id == sa.bindparam("key"), mine(T.project_id)), ROW)
MANY = Query(sa.select(ROUTERS).where(among(T.id, "ids")).order_by(T.id), ROW)
COUNT = Query(sa.select(sa.func.count()).select_from(ROUTERS).where(T.project_id == sa.bindparam("project_id")))
BETWEEN = Query(
    sa.select(T.id)
    .select_from(ADDRESSES.join(PORTS, P.id == A.port_id).join(ROUTERS, T.id == P.device_id))
    .where(
        A.subnet_id == sa.bindparam("subnet"),
        P.device_owner == INTERFACE_OWNER,
        T.gateway_network_id == sa.bindparam("network"),
    )
    .order_by(T.created_at, T.id)
    .limit(1)
    .with_for_update(of=ROUTERS)
)
EVERY = Query(sa.select(T.id).order_by(T.id))


def _status(op: str, name: str) -> sa.ColumnElement[bool]:
    """Every router is active."""
    return among(sa.literal("ACTIVE"), name) if op == "in" else sa.bindparam(name, type_=sa.Text()) == "ACTIVE"


_PLAIN = [c for c in ROUTERS.columns if not isinstance(c.type, Json)]
LISTING = Listing(
    sa.select(ROUTERS),
    ROW,
    key=T.id,
    sorts={c.name: c for c in _PLAIN},
    filters={c.name: c for c in _PLAIN} | {"seen_by": T.project_id, "status": _status, **tags.filters(T.id)},
    default=[("created_at", False)],
)


async def add(tx: Tx, router: Router) -> None:
    """Insert."""
    await tx.do(INSERT, **values(router))


async def lock(tx: Tx, router_id: str) -> None:
    """Let nobody else change what is connected with this router until the transaction ends."""
    await tx.one(LOCK, key=router_id)


async def save(tx: Tx, router: Router) -> Router:
    """Write a changed row; it comes back with its new revision. Raises Conflict."""
    return await rows.save(tx, UPDATE, router, "router")


async def find(tx: Reader, router_id: str, project_id: str | None) -> Router | None:
    """By id, if it is this project's."""
    return await tx.one(GET, key=router_id, project_id=project_id)


async def many(tx: Reader, router_ids: list[str]) -> list[Router]:
    """Those that are there."""
    return await tx.all(MANY, ids=router_ids)


async def between(tx: Reader, subnet_id: str, external_network_id: str) -> str | None:
    """The oldest router with an interface on a subnet and its way out on an external network; locked, so that both stay."""
    found = await tx.one(BETWEEN, subnet=subnet_id, network=external_network_id)
    return found[0] if found else None


async def count(tx: Reader, project_id: str) -> int:
    """How many a project has."""
    found = await tx.one(COUNT, project_id=project_id)
    return int(found[0]) if found else 0


async def every_id(tx: Reader) -> list[str]:
    """All of them, for a full comparison."""
    return [found for (found,) in await tx.all(EVERY)]


async def page(tx: Reader, wanted: Page) -> list[Router]:
    """A page."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, router_id: str) -> None:
    """Delete the row."""
    await tags.clear(tx, router_id)
    await tx.do(DELETE, key=router_id)
