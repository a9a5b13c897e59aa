"""Network's values. A row type's fields are its table's columns, in order; instants are stamps (`kernel.clock`)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

DHCP_OWNER = "network:distributed"
"""Owner of the port that stands for a network's own services (DHCP, metadata) on every host."""
GATEWAY_OWNER = "network:router_gateway"
INTERFACE_OWNER = "network:router_interface"
FLOATING_OWNER = "network:floatingip"

ACTIVE, DOWN = "ACTIVE", "DOWN"
GENEVE, VLAN, FLAT = "geneve", "vlan", "flat"
SLAAC, STATELESS, STATEFUL = "slaac", "dhcpv6-stateless", "dhcpv6-stateful"


class Network(Struct, frozen=True):
    """A layer 2 segment. `physical_network` is empty and `segmentation_id` 0 where the type has none; `mtu` is in bytes."""

    id: str
    project_id: str
    name: str
    description: str
    admin_state_up: bool
    shared: bool
    external: bool
    is_default: bool
    mtu: int
    port_security_enabled: bool
    network_type: str
    physical_network: str
    segmentation_id: int
    availability_zone_hints: list[str]
    created_at: str
    updated_at: str
    revision: int


class Pool(Struct, frozen=True):
    """The addresses from `start` to `end`, both included, from which ports get theirs."""

    start: str
    end: str


class HostRoute(Struct, frozen=True):
    """A route that guests (or routers) are given."""

    destination: str
    nexthop: str


class Subnet(Struct, frozen=True):
    """A block of addresses on a network."""

    id: str
    network_id: str
    project_id: str
    name: str
    description: str
    ip_version: int
    cidr: str
    gateway_ip: str | None
    enable_dhcp: bool
    allocation_pools: list[Pool]
    dns_nameservers: list[str]
    host_routes: list[HostRoute]
    ipv6_ra_mode: str | None
    ipv6_address_mode: str | None
    subnetpool_id: str | None
    service_types: list[str]
    created_at: str
    updated_at: str
    revision: int

    @property
    def automatic(self) -> bool:
        """Whether guests make up their own addresses from their MAC (SLAAC, or DHCPv6 for options only)."""
        return self.ipv6_address_mode in (SLAAC, STATELESS)


class SubnetPool(Struct, frozen=True):
    """Blocks from which subnets are cut. Prefix lengths are bits; a larger one is a smaller subnet."""

    id: str
    project_id: str
    name: str
    description: str
    ip_version: int
    prefixes: list[str]
    default_prefixlen: int
    min_prefixlen: int
    max_prefixlen: int
    default_quota: int | None
    shared: bool
    is_default: bool
    created_at: str
    updated_at: str
    revision: int


class FixedIp(Struct, frozen=True):
    """An address that a port holds."""

    subnet_id: str
    ip_address: str


class PortAddress(Struct, frozen=True):
    """An address of a port, as it is kept.

    `place` is its distance from the start of its subnet, `position` its turn among the port's.
    """

    subnet_id: str
    address: str
    port_id: str
    network_id: str
    place: int | None
    position: int


class AddressPair(Struct, frozen=True):
    """A source besides its own that a port may use; `ip_address` is an address or a block."""

    ip_address: str
    mac_address: str


class DhcpOption(Struct, frozen=True):
    """A DHCP option for one port; without a value the option is left out."""

    opt_name: str
    opt_value: str | None = None
    ip_version: int = 4


class PortRow(Struct, frozen=True):
    """A port without what other tables hold.

    `server_id` is the server that holds the port, which only compute decides; `device_id` is what users see and set.
    `made` says that the port was created for its server and goes with it. `position` orders a server's interfaces. `moving_to`
    is the host to which the server is being migrated while the port is still bound to `host_id`.
    """

    id: str
    network_id: str
    project_id: str
    name: str
    description: str
    admin_state_up: bool
    status: str
    mac_address: str
    device_id: str
    device_owner: str
    server_id: str | None
    port_security_enabled: bool
    host_id: str
    moving_to: str
    vnic_type: str
    profile: dict[str, Any]
    allowed_address_pairs: list[AddressPair]
    extra_dhcp_opts: list[DhcpOption]
    made: bool
    position: int
    tag: str | None
    created_at: str
    updated_at: str
    revision: int


class Port(Struct, frozen=True):
    """A port with its addresses and the ids of its security groups."""

    row: PortRow
    fixed_ips: list[FixedIp]
    security_groups: list[str]

    @property
    def id(self) -> str:
        """The port's id."""
        return self.row.id


class SecurityGroup(Struct, frozen=True):
    """A set of rules that ports share."""

    id: str
    project_id: str
    name: str
    description: str
    stateful: bool
    is_default: bool
    created_at: str
    updated_at: str
    revision: int


class SecurityRule(Struct, frozen=True):
    """Traffic that is let through. `protocol` is a name, a number, or None for all; ports are ICMP type and code for ICMP."""

    id: str
    group_id: str
    project_id: str
    direction: str
    ethertype: str
    protocol: str | None
    port_range_min: int | None
    port_range_max: int | None
    remote_group_id: str | None
    remote_ip_prefix: str | None
    description: str
    created_at: str
    updated_at: str
    revision: int


class Router(Struct, frozen=True):
    """A router between networks. `gateway_port_id` is its port on the external network `gateway_network_id`; both or neither."""

    id: str
    project_id: str
    name: str
    description: str
    admin_state_up: bool
    distributed: bool
    ha: bool
    enable_snat: bool
    gateway_network_id: str | None
    gateway_port_id: str | None
    routes: list[HostRoute]
    availability_zone_hints: list[str]
    created_at: str
    updated_at: str
    revision: int


class FloatingIp(Struct, frozen=True):
    """An address on an external network, and the port and fixed address it leads to.

    `floating_port_id` is the port that holds the address there.
    """

    id: str
    project_id: str
    network_id: str
    address: str
    floating_port_id: str
    port_id: str | None
    fixed_address: str | None
    router_id: str | None
    status: str
    description: str
    created_at: str
    updated_at: str
    revision: int


class Change(Struct, frozen=True):
    """One entry of the outbox: something about `kind` `object_id` has changed."""

    seq: int
    kind: str
    object_id: str
