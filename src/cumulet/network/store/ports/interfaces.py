"""Servers' interfaces as compute shows them: two statements for any number of servers."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from ....kernel.db import Query, Reader, among
from ...model import DHCP_OWNER
from ..floating_ips import FLOATING_IPS
from ..networks import NETWORKS
from ..security_groups import GROUPS
from ..subnets import SUBNETS
from .addresses import ADDRESSES
from .ports import MEMBERS, PORTS

P, N, A, S, F, M, G = PORTS.c, NETWORKS.c, ADDRESSES.c, SUBNETS.c, FLOATING_IPS.c, MEMBERS.c, GROUPS.c


class Line(Struct, frozen=True):
    """One address of one port of one server; a port without addresses has one line without."""

    server_id: str
    port_id: str
    network_id: str
    network_name: str
    mac: str
    status: str
    tag: str | None
    host_id: str
    project_id: str
    mtu: int
    subnet_id: str | None
    address: str | None
    cidr: str | None
    floating: str | None


class Plug(Struct, frozen=True):
    """A port as a host plugs it."""

    port_id: str
    network_id: str
    mac: str
    mtu: int


class Service(Struct, frozen=True):
    """One address of a network's own port; a port without addresses has one line without."""

    network_id: str
    port_id: str
    mac: str
    address: str | None
    cidr: str | None


LINES = Query(
    sa.select(
        P.server_id,
        P.id,
        P.network_id,
        N.name,
        P.mac_address,
        P.status,
        P.tag,
        P.host_id,
        P.project_id,
        N.mtu,
        A.subnet_id,
        A.address,
        S.cidr,
        F.address,
    )
    .select_from(
        PORTS.join(NETWORKS, N.id == P.network_id)
        .outerjoin(ADDRESSES, A.port_id == P.id)
        .outerjoin(SUBNETS, S.id == A.subnet_id)
        .outerjoin(FLOATING_IPS, sa.and_(F.port_id == P.id, F.fixed_address == A.address))
    )
    .where(among(P.server_id, "servers"))
    .order_by(P.server_id, P.position, P.created_at, P.id, A.position, A.address),
    Line,
)
GROUP_NAMES = Query(
    sa.select(P.id, G.name)
    .select_from(PORTS.join(MEMBERS, M.port_id == P.id).join(GROUPS, G.id == M.group_id))
    .where(among(P.server_id, "servers"))
    .order_by(P.id, G.name)
)

PLUGS = Query(
    sa.select(P.id, P.network_id, P.mac_address, N.mtu)
    .select_from(PORTS.join(NETWORKS, N.id == P.network_id))
    .where(P.server_id == sa.bindparam("server_id"))
    .order_by(P.position, P.created_at, P.id),
    Plug,
)
PLUG = Query(
    sa.select(P.id, P.network_id, P.mac_address, N.mtu)
    .select_from(PORTS.join(NETWORKS, N.id == P.network_id))
    .where(P.id == sa.bindparam("port_id")),
    Plug,
)
SERVICES = Query(
    sa.select(P.network_id, P.id, P.mac_address, A.address, S.cidr)
    .select_from(PORTS.outerjoin(ADDRESSES, A.port_id == P.id).outerjoin(SUBNETS, S.id == A.subnet_id))
    .where(among(P.network_id, "networks"), P.device_owner == DHCP_OWNER)
    .order_by(P.network_id, A.position, A.address),
    Service,
)


async def plugs(tx: Reader, server_id: str) -> list[Plug]:
    """What a host must know of a server's ports, in their order."""
    return await tx.all(PLUGS, server_id=server_id)


async def plug(tx: Reader, port_id: str) -> Plug | None:
    """What a host must know of one port."""
    return await tx.one(PLUG, port_id=port_id)


async def services(tx: Reader, network_ids: list[str]) -> list[Service]:
    """The addresses of the networks' own ports."""
    return await tx.all(SERVICES, networks=network_ids)


async def lines(tx: Reader, server_ids: list[str]) -> list[Line]:
    """The addresses of servers' ports, each server's in the order of its interfaces."""
    return await tx.all(LINES, servers=server_ids)


async def group_names(tx: Reader, server_ids: list[str]) -> dict[str, list[str]]:
    """The names of the security groups of servers' ports, by port."""
    found: dict[str, list[str]] = {}
    for port_id, name in await tx.all(GROUP_NAMES, servers=server_ids):
        found.setdefault(port_id, []).append(name)
    return found
