"""Servers' interfaces as compute shows them: two statements for any number of servers."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from ....kernel.db import Query, Reader, among
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


LINES = Query(
    sa.select(
        P.device_id,
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
    .where(among(P.device_id, "servers"))
    .order_by(P.device_id, P.position, P.created_at, P.id, A.position, A.address),
    Line,
)
GROUP_NAMES = Query(
    sa.select(P.id, G.name)
    .select_from(PORTS.join(MEMBERS, M.port_id == P.id).join(GROUPS, G.id == M.group_id))
    .where(among(P.device_id, "servers"))
    .order_by(P.id, G.name)
)


async def lines(tx: Reader, server_ids: list[str]) -> list[Line]:
    """The addresses of servers' ports, each server's in the order of its interfaces."""
    return await tx.all(LINES, servers=server_ids)


async def group_names(tx: Reader, server_ids: list[str]) -> dict[str, list[str]]:
    """The names of the security groups of servers' ports, by port."""
    found: dict[str, list[str]] = {}
    for port_id, name in await tx.all(GROUP_NAMES, servers=server_ids):
        found.setdefault(port_id, []).append(name)
    return found
