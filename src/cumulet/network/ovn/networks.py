"""A network is a logical switch; a physical network hangs on it by a localnet port."""

from __future__ import annotations

from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.ovsdb import Delete, Op, Parent, Tables, Wanted, references

from ..desired import DesiredNetwork
from ..model import VLAN, Network
from . import dhcp
from .tables import ids_of, mark


def network_rows(tables: Tables, desired: DesiredNetwork) -> list[Wanted]:
    """The switch, its way out if it is a physical network's, and its subnets' DHCP."""
    network = desired.network
    config = {"mcast_snoop": "false", "vlan-passthru": "false"}
    ids = mark("network", name=network.name, mtu=str(network.mtu))
    switch = Wanted("Logical_Switch", network.id, {"name": network.id, "other_config": config, "external_ids": ids})
    served = dhcp.subnet_rows(desired)
    return [switch, *_localnet(network), *served, *_pointers(tables, network.id, {row.uuid for row in served})]


def stale_rows(tables: Tables, desired: DesiredNetwork) -> list[Op]:
    """The network's rows that should not be: DHCP of subnets that have gone or have it no longer."""
    wanted = {subnet.id for subnet in desired.subnets if dhcp.is_served(subnet)}
    return [
        Delete("DHCP_Options", uuid)
        for uuid, row in tables["DHCP_Options"].items()
        if ids_of(row).get("network") == desired.network.id and uuid not in wanted and "port" not in ids_of(row)
    ]


def _localnet(network: Network) -> list[Wanted]:
    if not network.physical_network:
        return []
    row = {
        "name": f"localnet-{network.id}",
        "type": "localnet",
        "addresses": frozenset({"unknown"}),
        "options": {"network_name": network.physical_network},
        "tag": network.segmentation_id if network.network_type == VLAN else None,
        "external_ids": mark("localnet", network=network.id),
    }
    parent = Parent("Logical_Switch", network.id, "ports")
    return [Wanted("Logical_Switch_Port", derived_uuid(network.id, "localnet"), row, (parent,))]


def _pointers(tables: Tables, network_id: str, served: set[str]) -> list[Wanted]:
    """Ports that were made while their subnet had no DHCP: they must point at the subnet's new row."""
    switch = tables["Logical_Switch"].get(network_id)
    found = []
    for uuid in references(switch, "ports") if switch else ():
        port = tables["Logical_Switch_Port"][uuid]
        ids = ids_of(port)
        for version in ("4", "6"):
            subnet_id, column = ids.get(f"subnet{version}"), f"dhcpv{version}_options"
            if subnet_id in served and port[column] is None:
                found.append(Wanted("Logical_Switch_Port", uuid, {column: subnet_id}))
    return found
