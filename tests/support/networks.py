"""Networks, subnets and ports for tests, made by the operations themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cumulet.kernel.policy import Actor
from cumulet.network.model import Network, Port, Subnet
from cumulet.network.operations import networks, ports, subnets
from cumulet.network.operations.networks import NewNetwork, Wiring
from cumulet.network.operations.ports import NewPort, WantedIp
from cumulet.network.operations.subnets import NewSubnet

WIRING = Wiring()
DEMO, OTHER = "d" * 32, "e" * 32


def member(project_id: str = DEMO) -> Actor:
    """Somebody with the member role."""
    return Actor(user_id="u", project_id=project_id, roles=frozenset({"member", "reader"}))


ADMIN = Actor(user_id="root", project_id="a" * 32, roles=frozenset({"admin", "manager", "member", "reader"}), is_admin=True)


async def add_network(tx: Any, project_id: str = DEMO, **fields: Any) -> Network:
    """A network without subnets."""
    return await networks.create(tx, WIRING, NewNetwork(project_id=project_id, **fields))


async def add_subnet(tx: Any, network: Network, cidr: str = "10.0.0.0/24", **fields: Any) -> Subnet:
    """A subnet."""
    version = 6 if ":" in cidr else 4
    return await subnets.create(
        tx, ADMIN, network, NewSubnet(project_id=network.project_id, cidr=cidr, ip_version=version, **fields)
    )


async def add_port(tx: Any, network: Network, fixed_ips: Sequence[WantedIp] | None = None, **fields: Any) -> Port:
    """A port of the network's project."""
    owner = fields.pop("project_id", network.project_id)
    where = await ports.place(tx, ADMIN, network.id, owner)
    return await ports.create(tx, where, NewPort(project_id=owner, fixed_ips=fixed_ips, **fields))


def addresses(port: Port) -> list[str]:
    """The port's addresses."""
    return [fixed.ip_address for fixed in port.fixed_ips]
