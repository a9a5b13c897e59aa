"""A port of a guest, or of a network's own services, is a logical switch port."""

from __future__ import annotations

from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.ovsdb import Op, Parent, Tables, Wanted, detach, references

from ..desired import DesiredPort
from ..model import DHCP_OWNER, Port
from . import dhcp
from .security_groups import DROP_GROUP
from .tables import mark


def port_rows(tables: Tables, desired: DesiredPort) -> list[Wanted]:
    """The port on its switch and in the groups that filter it."""
    port, row = desired.port, desired.port.row
    subnets = _dhcp_subnets(desired)
    own = _own_dhcp(tables, port, subnets)
    options = {**subnets, **{version: each.uuid for version, each in own.items()}}
    wanted = {
        "name": row.id,
        "type": "localport" if row.device_owner == DHCP_OWNER else "",
        "addresses": _addresses(port),
        "port_security": _allowed_sources(port) if is_filtered(port) else frozenset(),
        "enabled": row.admin_state_up and desired.network.admin_state_up,
        "options": _options(port),
        "dhcpv4_options": options.get("4"),
        "dhcpv6_options": options.get("6"),
        "external_ids": mark("port", network=row.network_id, **{f"subnet{v}": uuid for v, uuid in subnets.items()}),
    }
    groups = [Parent("Port_Group", group, "ports") for group in groups_of(port)]
    parents = (Parent("Logical_Switch", row.network_id, "ports"), *groups)
    return [*own.values(), Wanted("Logical_Switch_Port", row.id, wanted, parents)]


def stale_memberships(tables: Tables, port: Port) -> list[Op]:
    """Take the port out of groups that no longer filter it."""
    wanted = set(groups_of(port))
    ops: list[Op] = []
    for uuid, group in tables["Port_Group"].items():
        if uuid not in wanted and port.id in references(group, "ports"):
            ops += detach(tables, Parent("Port_Group", uuid, "ports"), [port.id])
    return ops


def is_filtered(port: Port) -> bool:
    """Whether addresses and security groups are enforced; the cloud's own ports are trusted."""
    return port.row.port_security_enabled and not port.row.device_owner.startswith("network:")


def groups_of(port: Port) -> list[str]:
    """The port groups that filter a port. Without a security group it may do nothing at all."""
    return [DROP_GROUP, *port.security_groups] if is_filtered(port) else []


def _addresses(port: Port) -> frozenset[str]:
    row = port.row
    own = " ".join([row.mac_address, *(ip.ip_address for ip in port.fixed_ips)])
    others = {pair.mac_address for pair in row.allowed_address_pairs} - {row.mac_address}
    # Without port security a port may be the way to addresses that nobody has named.
    unknown = set() if row.port_security_enabled else {"unknown"}
    return frozenset({own} | others | unknown)


def _allowed_sources(port: Port) -> frozenset[str]:
    sources = {port.row.mac_address: [ip.ip_address for ip in port.fixed_ips]}
    for pair in port.row.allowed_address_pairs:
        sources.setdefault(pair.mac_address, []).append(pair.ip_address)
    return frozenset(" ".join([mac, *dict.fromkeys(addresses)]) for mac, addresses in sources.items())


def _options(port: Port) -> dict[str, str]:
    """Where the port may be: nowhere else can a tap with its id get its traffic. While it moves, on both hosts."""
    hosts = [host for host in (port.row.host_id, port.row.moving_to) if host]
    return {"requested-chassis": ",".join(hosts)} if hosts else {}


def _dhcp_subnets(desired: DesiredPort) -> dict[str, str]:
    """The subnet whose DHCP serves the port, by IP version."""
    subnets = {subnet.id: subnet for subnet in desired.subnets}
    found: dict[str, str] = {}
    for fixed in desired.port.fixed_ips:
        subnet = subnets.get(fixed.subnet_id)
        if subnet is not None and dhcp.is_served(subnet):
            found.setdefault(str(subnet.ip_version), subnet.id)
    return found if desired.port.row.device_owner != DHCP_OWNER else {}


def _own_dhcp(tables: Tables, port: Port, subnets: dict[str, str]) -> dict[str, Wanted]:
    """A copy of the subnet's DHCP options for a port that has options of its own, by IP version."""
    found = {}
    for version, subnet_id in subnets.items():
        shared = tables["DHCP_Options"].get(subnet_id)
        given = shared["options"] if shared else None
        options = dhcp.adjusted(given, port.row.extra_dhcp_opts, int(version)) if isinstance(given, dict) else None
        if shared is not None and options is not None:
            ids = mark("port options", network=port.row.network_id, port=port.id, version=version)
            row = {"cidr": shared["cidr"], "options": options, "external_ids": ids}
            found[version] = Wanted("DHCP_Options", derived_uuid(port.id, "dhcp", version), row)
    return found
