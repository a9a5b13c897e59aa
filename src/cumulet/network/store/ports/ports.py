"""Ports, with their addresses and security groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ....kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ....kernel.db.rows import delete
from ...model import DHCP_OWNER, AddressPair, DhcpOption, Port, PortRow
from .. import rows, tags
from ..networks import N
from ..rows import PROJECT
from . import addresses
from .addresses import ADDRESSES

PORTS = sa.Table(
    "ports",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id"), nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("mac_address", sa.Text, nullable=False),
    sa.Column("device_id", sa.Text, nullable=False),
    sa.Column("device_owner", sa.Text, nullable=False),
    sa.Column("server_id", sa.Text),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("host_id", sa.Text, nullable=False),
    sa.Column("moving_to", sa.Text, nullable=False),
    sa.Column("vnic_type", sa.Text, nullable=False),
    sa.Column("profile", Json, nullable=False),
    sa.Column("allowed_address_pairs", Json, nullable=False),
    sa.Column("extra_dhcp_opts", Json, nullable=False),
    sa.Column("made", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("tag", sa.Text),
    *rows.stamped(),
    sa.Index("ports_network", "network_id", "device_owner"),
    sa.Index("ports_project", "project_id"),
    sa.Index("ports_device", "device_id"),
    sa.Index("ports_server", "server_id"),
    sa.Index("ports_mac", "network_id", "mac_address", unique=True),
)
MEMBERS = sa.Table(
    "port_security_groups",
    metadata,
    sa.Column("port_id", sa.Text, sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.Text, sa.ForeignKey("security_groups.id"), primary_key=True),
    sa.Index("port_security_groups_group", "group_id"),
)
P, A, M = PORTS.c, ADDRESSES.c, MEMBERS.c
ROW = rows.typed(PortRow, allowed_address_pairs=list[AddressPair], extra_dhcp_opts=list[DhcpOption])


def _visible(project: Any) -> sa.ColumnElement[bool]:
    """A project sees its own ports and those on its own networks."""
    return sa.or_(P.project_id == project, P.network_id.in_(sa.select(N.id).where(N.project_id == project)))


def _seen_by(op: str, name: str) -> sa.ColumnElement[bool]:
    return _visible(sa.bindparam(name, type_=sa.Text()))


def _address(column: sa.ColumnElement[Any]) -> Any:
    """A filter on a port's addresses."""

    def condition(op: str, name: str) -> sa.ColumnElement[bool]:
        value = sa.bindparam(name, type_=sa.Text())
        inside: sa.ColumnElement[bool] = column == value
        if op == "in":
            inside = among(column, name)
        elif op == "like":
            inside = column.like(value, escape="\\")
        return P.id.in_(sa.select(A.port_id).where(inside))

    return condition


def _group(op: str, name: str) -> sa.ColumnElement[bool]:
    inside = among(M.group_id, name) if op == "in" else M.group_id == sa.bindparam(name, type_=sa.Text())
    return P.id.in_(sa.select(M.port_id).where(inside))


INSERT, UPDATE, DELETE = rows.insert_unless_taken(PORTS), rows.guarded_update(PORTS), delete(PORTS)
JOIN = rows.insert_unless_taken(MEMBERS)
LEAVE = Query(sa.delete(MEMBERS).where(M.port_id == sa.bindparam("port")))
GROUPS_OF = Query(sa.select(M.port_id, M.group_id).where(among(M.port_id, "ports")).order_by(M.port_id, M.group_id))
GET = Query(sa.select(PORTS).where(P.id == sa.bindparam("key"), sa.or_(PROJECT.is_(None), _visible(PROJECT))), ROW)
GET_ROW = Query(sa.select(PORTS).where(P.id == sa.bindparam("key")), ROW)
MANY = Query(sa.select(PORTS).where(among(P.id, "ids")).order_by(P.id), ROW)
OF_DEVICES = Query(sa.select(PORTS).where(among(P.device_id, "devices")).order_by(P.created_at, P.id), ROW)
SERVICES = Query(sa.select(PORTS).where(among(P.network_id, "networks"), P.device_owner == DHCP_OWNER), ROW)
OF_SERVER = Query(sa.select(PORTS).where(P.server_id == sa.bindparam("server")).order_by(P.position, P.created_at, P.id), ROW)
OF_NETWORK = Query(sa.select(PORTS).where(P.network_id == sa.bindparam("network")), ROW)
OF_GROUP = Query(sa.select(M.port_id).where(M.group_id == sa.bindparam("group")))
AT_ADDRESS = Query(
    sa.select(P.server_id)
    .select_from(ADDRESSES.join(PORTS, P.id == A.port_id))
    .where(A.network_id == sa.bindparam("network"), A.address == sa.bindparam("address"))
)
EVERY = Query(sa.select(P.id).order_by(P.id))
SET_STATUS = Query(
    sa.update(PORTS).where(P.id == sa.bindparam("b_key"), P.status != sa.bindparam("status")).values(status=sa.bindparam("status"))
)
_PLAIN = [c for c in PORTS.columns if not isinstance(c.type, Json)]
LISTING = Listing(
    sa.select(PORTS),
    ROW,
    key=P.id,
    sorts={c.name: c for c in _PLAIN},
    filters={c.name: c for c in _PLAIN}
    | {
        "seen_by": _seen_by,
        "address": _address(A.address),
        "subnet_id": _address(A.subnet_id),
        "group_id": _group,
        **tags.filters(P.id),
    },
    default=[("created_at", False)],
)


async def add(tx: Tx, row: PortRow) -> bool:
    """Insert, unless the MAC is taken on this network; whether it worked."""
    return await tx.do(INSERT, **values(row)) > 0


async def save(tx: Tx, row: PortRow) -> PortRow:
    """Write a changed row; it comes back with its new revision. Raises Conflict."""
    return await rows.save(tx, UPDATE, row, "port")


async def set_status(tx: Tx, port_id: str, status: str) -> bool:
    """Write the status alone; whether it changed."""
    return await tx.do(SET_STATUS, b_key=port_id, status=status) > 0


async def join(tx: Tx, port_id: str, group_ids: Sequence[str]) -> None:
    """Put the port into security groups, and out of all others."""
    await tx.do(LEAVE, port=port_id)
    await enter(tx, port_id, group_ids)


async def enter(tx: Tx, port_id: str, group_ids: Sequence[str]) -> None:
    """Put the port into security groups."""
    for group_id in group_ids:
        await tx.do(JOIN, port_id=port_id, group_id=group_id)


async def whole(tx: Reader, found: list[PortRow]) -> list[Port]:
    """Rows with their addresses and groups: two statements for any number."""
    if not found:
        return []
    ids = [row.id for row in found]
    fixed = await addresses.of_ports(tx, ids)
    groups: dict[str, list[str]] = {port_id: [] for port_id in ids}
    for port_id, group_id in await tx.all(GROUPS_OF, ports=ids):
        groups[port_id].append(group_id)
    return [Port(row, fixed[row.id], groups[row.id]) for row in found]


async def find(tx: Reader, port_id: str, project_id: str | None) -> Port | None:
    """By id, if this project may see it."""
    row = await tx.one(GET, key=port_id, project_id=project_id)
    return None if row is None else (await whole(tx, [row]))[0]


async def row(tx: Reader, port_id: str) -> PortRow | None:
    """By id, without addresses and groups, for whoever has the id from us."""
    return await tx.one(GET_ROW, key=port_id)


async def many(tx: Reader, port_ids: list[str]) -> list[Port]:
    """Those that are there."""
    return await whole(tx, await tx.all(MANY, ids=port_ids))


async def of_devices(tx: Reader, device_ids: list[str]) -> list[Port]:
    """The ports that say they are these devices'."""
    return await whole(tx, await tx.all(OF_DEVICES, devices=device_ids))


async def of_server(tx: Reader, server_id: str) -> list[Port]:
    """The ports that a server holds, in order."""
    return await whole(tx, await tx.all(OF_SERVER, server=server_id))


async def service_ports(tx: Reader, network_ids: list[str]) -> list[Port]:
    """The networks' own ports, one of each that has DHCP."""
    return await whole(tx, await tx.all(SERVICES, networks=network_ids))


async def of_network(tx: Reader, network_id: str) -> list[PortRow]:
    """Every port on a network."""
    return await tx.all(OF_NETWORK, network=network_id)


async def of_group(tx: Reader, group_id: str) -> list[str]:
    """The ids of a security group's ports."""
    return [port_id for (port_id,) in await tx.all(OF_GROUP, group=group_id)]


async def server_at(tx: Reader, network_id: str, address: str) -> str | None:
    """The server whose port holds an address on a network."""
    found = await tx.one(AT_ADDRESS, network=network_id, address=address)
    return found[0] if found else None


async def every_id(tx: Reader) -> list[str]:
    """All of them, for a full comparison."""
    return [found for (found,) in await tx.all(EVERY)]


async def page(tx: Reader, wanted: Page) -> list[Port]:
    """A page."""
    return await whole(tx, await LISTING.page(tx, wanted))


async def remove(tx: Tx, port_id: str) -> None:
    """Delete the row; its addresses and memberships go with it."""
    await tags.clear(tx, port_id)
    await tx.do(DELETE, key=port_id)
