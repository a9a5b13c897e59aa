"""Addresses that ports hold. Taking one is inserting it: (subnet, address) is unique.

`place` is the address's distance from the start of its subnet, by which free ones are found; it is null beyond
`rules.addresses.REACH`.
"""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Query, Reader, Tx, among, metadata, values
from ...model import FixedIp, PortAddress
from .. import rows

ADDRESSES = sa.Table(
    "port_addresses",
    metadata,
    sa.Column("subnet_id", sa.Text, sa.ForeignKey("subnets.id"), primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("port_id", sa.Text, sa.ForeignKey("ports.id", ondelete="CASCADE"), nullable=False),
    sa.Column("network_id", sa.Text, nullable=False),
    sa.Column("place", sa.BigInteger),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Index("port_addresses_port", "port_id"),
    sa.Index("port_addresses_network", "network_id", "address"),
    sa.Index("port_addresses_place", "subnet_id", "place"),
)
A = ADDRESSES.c
_LOW, _HIGH = sa.bindparam("low", type_=sa.BigInteger()), sa.bindparam("high", type_=sa.BigInteger())

TAKE = rows.insert_unless_taken(ADDRESSES)
RELEASE = Query(sa.delete(ADDRESSES).where(A.port_id == sa.bindparam("port")))
RELEASE_ONE = Query(
    sa.delete(ADDRESSES).where(
        A.port_id == sa.bindparam("port"), A.subnet_id == sa.bindparam("subnet"), A.address == sa.bindparam("address")
    )
)
OF_PORTS = Query(
    sa.select(A.port_id, A.subnet_id, A.address).where(among(A.port_id, "ports")).order_by(A.port_id, A.position, A.address)
)
HOLDER = Query(sa.select(A.port_id).where(A.subnet_id == sa.bindparam("subnet"), A.address == sa.bindparam("address")))
HIGHEST = Query(sa.select(sa.func.max(A.place)).where(A.subnet_id == sa.bindparam("subnet"), A.place >= _LOW, A.place <= _HIGH))
AT = Query(sa.select(A.place).where(A.subnet_id == sa.bindparam("subnet"), A.place == _LOW))
_NEXT = ADDRESSES.alias()
GAP = Query(
    sa.select(A.place + 1)
    .where(
        A.subnet_id == sa.bindparam("subnet"),
        A.place >= _LOW,
        A.place < _HIGH,
        sa.not_(sa.exists().where(_NEXT.c.subnet_id == A.subnet_id, _NEXT.c.place == A.place + 1)),
    )
    .order_by(A.place)
    .limit(1)
)
PORTS_OF_SUBNET = Query(sa.select(A.port_id).distinct().where(A.subnet_id == sa.bindparam("subnet")))
COUNT = Query(sa.select(A.subnet_id, sa.func.count()).where(among(A.network_id, "networks")).group_by(A.subnet_id))


async def take(tx: Tx, address: PortAddress) -> bool:
    """Give the port an address, unless another has it; whether it worked."""
    return await tx.do(TAKE, **values(address)) > 0


async def release(tx: Tx, port_id: str, fixed: FixedIp | None = None) -> None:
    """Take one address, or all, from a port."""
    if fixed is None:
        await tx.do(RELEASE, port=port_id)
    else:
        await tx.do(RELEASE_ONE, port=port_id, subnet=fixed.subnet_id, address=fixed.ip_address)


async def of_ports(tx: Reader, port_ids: list[str]) -> dict[str, list[FixedIp]]:
    """Each port's addresses, in its own order."""
    found: dict[str, list[FixedIp]] = {port_id: [] for port_id in port_ids}
    for port_id, subnet_id, address in await tx.all(OF_PORTS, ports=port_ids):
        found[port_id].append(FixedIp(subnet_id, address))
    return found


async def holder(tx: Reader, fixed: FixedIp) -> str | None:
    """The port that holds an address."""
    found = await tx.one(HOLDER, subnet=fixed.subnet_id, address=fixed.ip_address)
    return found[0] if found else None


async def free_place(tx: Reader, subnet_id: str, low: int, high: int, ahead: int = 0) -> int | None:
    """A free place from `low` to `high`: the one after the highest taken, or `ahead` further, else the first gap.

    So most freed ones rest for a while.
    """
    found = await tx.one(HIGHEST, subnet=subnet_id, low=low, high=high)
    highest = found[0] if found else None
    if highest is None:
        return low
    if highest < high:
        return min(int(highest) + 1 + ahead, high)
    if await tx.one(AT, subnet=subnet_id, low=low) is None:
        return low
    gap = await tx.one(GAP, subnet=subnet_id, low=low, high=high)
    return int(gap[0]) if gap else None


async def ports_of_subnet(tx: Reader, subnet_id: str) -> list[str]:
    """The ports with an address of this subnet."""
    return [port_id for (port_id,) in await tx.all(PORTS_OF_SUBNET, subnet=subnet_id)]


async def count_by_subnet(tx: Reader, network_ids: list[str]) -> dict[str, int]:
    """How many addresses are taken, by subnet."""
    return dict(await tx.all(COUNT, networks=network_ids))
