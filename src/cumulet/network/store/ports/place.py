"""Everything that making a port must look at, in one statement."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from ....kernel.db import Query, Reader
from ...model import Network, Subnet
from ..networks import NETWORKS, N, visible
from ..quotas import QUOTAS
from ..rows import PROJECT
from ..security_groups import GROUPS
from ..subnets import ROW as SUBNET_ROW
from ..subnets import SUBNETS
from .addresses import ADDRESSES
from .ports import PORTS

P, A, S, Q, G = PORTS.c, ADDRESSES.c, SUBNETS.c, QUOTAS.c, GROUPS.c


class Place(Struct, frozen=True):
    """Where a port is to be made: its network, the subnets there, and how much of the project's quota is used.

    `default_group` is the id of the project's default security group, if it has been made. `highest` is the place of the highest
    address that is taken, by subnet.
    """

    network: Network
    subnets: list[Subnet]
    used: int
    limit: int | None
    default_group: str | None
    highest: dict[str, int | None] = {}


_OWNER = sa.bindparam("owner", type_=sa.Text())
_USED = sa.select(sa.func.count()).select_from(PORTS).where(P.project_id == _OWNER).scalar_subquery()
_LIMIT = sa.select(Q.quota).where(Q.project_id == _OWNER, Q.resource == "port").scalar_subquery()
_HIGHEST = sa.select(sa.func.max(A.place)).where(A.subnet_id == S.id).scalar_subquery()
_DEFAULT = sa.select(G.id).where(G.project_id == _OWNER, G.is_default).scalar_subquery()
PLACE = Query(
    sa.select(
        *(c.label(f"n_{c.name}") for c in NETWORKS.columns),
        _USED.label("used"),
        _LIMIT.label("quota"),
        _DEFAULT.label("default_group"),
        _HIGHEST.label("highest"),
        *(c.label(f"s_{c.name}") for c in SUBNETS.columns),
    )
    .select_from(NETWORKS.outerjoin(SUBNETS, S.network_id == N.id))
    .where(N.id == sa.bindparam("network"), sa.or_(PROJECT.is_(None), visible(PROJECT)))
    .order_by(S.created_at, S.id)
)


async def place(tx: Reader, network_id: str, project_id: str | None, owner: str) -> Place | None:
    """What creating a port of `owner` on this network must look at, if the project may see the network."""
    found = await tx.all(PLACE, network=network_id, project_id=project_id, owner=owner)
    if not found:
        return None
    width = len(Network.__struct_fields__)
    used, limit, group = found[0][width : width + 3]
    with_subnet = [raw for raw in found if raw[width + 4] is not None]
    subnets = [SUBNET_ROW(*raw[width + 4 :]) for raw in with_subnet]
    highest = {subnet.id: raw[width + 3] for subnet, raw in zip(subnets, with_subnet, strict=True)}
    return Place(Network(*found[0][:width]), subnets, used, limit, group, highest)
