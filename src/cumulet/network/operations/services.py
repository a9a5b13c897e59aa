"""A network's own port, through which its guests reach DHCP and the metadata service on whatever host they are."""

from __future__ import annotations

from msgspec.structs import replace

from ...kernel.db import Tx
from ...kernel.errors import Conflict
from ..model import DHCP_OWNER, Network, Port
from ..store import ports as store
from ..store.ports import Place
from . import changes
from .ports.allocation import Spot, WantedIp, reallocate
from .ports.creation import NewPort, create


async def keep(tx: Tx, network: Network) -> None:
    """Make, change or delete the network's port, so that it has an address on each subnet with DHCP that has a free one."""
    where = await store.place(tx, network.id, None, network.project_id)
    if where is None:
        return
    wanted = [WantedIp(subnet_id=subnet.id) for subnet in where.subnets if subnet.enable_dhcp]
    present = await store.service_ports(tx, [network.id])
    if not present and wanted:
        await _make(tx, where)
        present = await store.service_ports(tx, [network.id])
    for port in present:
        if wanted:
            await _address(tx, where, port, wanted)
        else:
            await store.remove(tx, port.id)
        await changes.record(tx, changes.PORT, port.id)
    await changes.record(tx, changes.NETWORK, network.id)


async def _make(tx: Tx, where: Place) -> None:
    """It is not the project's wish, so the project's limit does not count."""
    new = NewPort(
        project_id=where.network.project_id, device_owner=DHCP_OWNER, device_id=f"ovnmeta-{where.network.id}", fixed_ips=[]
    )
    await create(tx, replace(where, limit=-1), new)


async def _address(tx: Tx, where: Place, port: Port, wanted: list[WantedIp]) -> None:
    """One subnet after the other: one that is full does not keep the port from the rest."""
    spot = Spot(port.id, port.row.mac_address, port.row.device_owner, where.network, where.subnets)
    fixed, served = port.fixed_ips, [w for w in wanted if any(f.subnet_id == w.subnet_id for f in port.fixed_ips)]
    fixed = await reallocate(tx, spot, fixed, served)
    for wish in wanted:
        if wish not in served:
            try:
                fixed = await reallocate(tx, spot, fixed, [*served, wish])
                served.append(wish)
            except Conflict as full:
                if full.code != "IpAddressGenerationFailure":
                    raise
