"""Networks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, insert
from ..model import Network
from . import rows, tags
from .rows import PROJECT

NETWORKS = sa.Table(
    "networks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("external", sa.Boolean, nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False),
    sa.Column("mtu", sa.Integer, nullable=False),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("network_type", sa.Text, nullable=False),
    sa.Column("physical_network", sa.Text, nullable=False),
    sa.Column("segmentation_id", sa.Integer, nullable=False),
    sa.Column("availability_zone_hints", Json, nullable=False),
    *rows.stamped(),
    sa.Index("networks_project", "project_id"),
    sa.Index("networks_segment", "network_type", "physical_network", "segmentation_id", unique=True),
)
N = NETWORKS.c


def visible(project: Any) -> sa.ColumnElement[bool]:
    """A project sees its own networks, the shared ones and the external ones."""
    return sa.or_(N.project_id == project, N.shared, N.external)


def _seen_by(op: str, name: str) -> sa.ColumnElement[bool]:
    return visible(sa.bindparam(name, type_=sa.Text()))


def _status(op: str, name: str) -> sa.ColumnElement[bool]:
    """Every network is active."""
    return among(sa.literal("ACTIVE"), name) if op == "in" else sa.bindparam(name, type_=sa.Text()) == "ACTIVE"


LOCK = rows.locking(NETWORKS)
INSERT, UPDATE, DELETE = insert(NETWORKS), rows.guarded_update(NETWORKS), delete(NETWORKS)
GET = Query(sa.select(NETWORKS).where(N.id == sa.bindparam("key"), sa.or_(PROJECT.is_(None), visible(PROJECT))), Network)
MANY = Query(sa.select(NETWORKS).where(among(N.id, "ids")), Network)
EVERY = Query(sa.select(N.id).order_by(N.id))
HIGHEST_SEGMENT = Query(
    sa.select(sa.func.max(N.segmentation_id)).where(
        N.network_type == sa.bindparam("type"),
        N.physical_network == sa.bindparam("physical"),
        N.segmentation_id.between(sa.bindparam("low"), sa.bindparam("high")),
    )
)
SEGMENTS = Query(
    sa.select(N.segmentation_id)
    .where(N.network_type == sa.bindparam("type"), N.physical_network == sa.bindparam("physical"))
    .order_by(N.segmentation_id)
)
SEGMENT_TAKEN = Query(
    sa.select(N.id).where(
        N.network_type == sa.bindparam("type"),
        N.physical_network == sa.bindparam("physical"),
        N.segmentation_id == sa.bindparam("segment"),
    )
)
DEFAULT_EXTERNAL = Query(sa.select(NETWORKS).where(N.is_default, N.external), Network)
USABLE = Query(
    sa.select(NETWORKS)
    .where(sa.or_(N.project_id == sa.bindparam("project_id"), N.shared), sa.not_(N.external))
    .order_by(N.created_at, N.id)
    .limit(2),
    Network,
)
LISTING = Listing(
    sa.select(NETWORKS),
    Network,
    key=N.id,
    sorts={c.name: c for c in NETWORKS.columns if c.name != "availability_zone_hints"},
    filters={c.name: c for c in NETWORKS.columns} | {"seen_by": _seen_by, "status": _status, **tags.filters(N.id)},
    default=[("created_at", False)],
)


async def add(tx: Tx, network: Network) -> None:
    """Insert. Raises Duplicate if the segment is taken."""
    await tx.do(INSERT, **values(network))


async def lock(tx: Tx, network_id: str) -> None:
    """Let nobody else change what is on this network until the transaction ends."""
    await tx.one(LOCK, key=network_id)


async def save(tx: Tx, network: Network) -> Network:
    """Write a changed row; it comes back with its new revision. Raises Conflict."""
    return await rows.save(tx, UPDATE, network, "network")


async def find(tx: Reader, network_id: str, project_id: str | None) -> Network | None:
    """By id, if this project may see it."""
    return await tx.one(GET, key=network_id, project_id=project_id)


async def many(tx: Reader, network_ids: list[str]) -> dict[str, Network]:
    """Those that are there, by id."""
    return {network.id: network for network in await tx.all(MANY, ids=network_ids)}


async def every_id(tx: Reader) -> list[str]:
    """All of them, for a full comparison."""
    return [found for (found,) in await tx.all(EVERY)]


async def page(tx: Reader, wanted: Page) -> list[Network]:
    """A page."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, network_id: str) -> None:
    """Delete the row."""
    await tags.clear(tx, network_id)
    await tx.do(DELETE, key=network_id)


async def usable(tx: Reader, project_id: str) -> list[Network]:
    """The first two networks that a server of this project could be given without being asked."""
    return await tx.all(USABLE, project_id=project_id)


async def default_external(tx: Reader) -> Network | None:
    """The external network that is the default, if there is one."""
    return await tx.one(DEFAULT_EXTERNAL)


async def segment_taken(tx: Reader, kind: str, physical: str, segment: int) -> bool:
    """Whether a network has this segment."""
    return await tx.one(SEGMENT_TAKEN, type=kind, physical=physical, segment=segment) is not None


async def free_segment(tx: Reader, kind: str, physical: str, low: int, high: int) -> int | None:
    """A segment from `low` to `high` that no network has: the one after the highest, else the first gap; None if there is none."""
    found = await tx.one(HIGHEST_SEGMENT, type=kind, physical=physical, low=low, high=high)
    highest = found[0] if found else None
    if highest is None:
        return low
    if highest < high:
        return int(highest) + 1
    taken = {segment for (segment,) in await tx.all(SEGMENTS, type=kind, physical=physical)}
    return next((segment for segment in range(low, high + 1) if segment not in taken), None)
