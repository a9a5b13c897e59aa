"""What clients send: one object under its noun, or several under the plural.

A field that was not sent is UNSET. `project_id` may be called `tenant_id`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ...kernel.http import Request
from ..model import AddressPair, DhcpOption, HostRoute, Pool
from ..operations.ports import WantedIp
from ..operations.routers import Gateway
from ..rules import attributes

S = TypeVar("S", bound=Struct)

Text = Annotated[str, Meta(max_length=255)]
MaybeText = Text | UnsetType
Flag = bool | UnsetType
Tags = list[str] | UnsetType


class NewNetwork(Struct, kw_only=True):
    """A new network."""

    project_id: MaybeText | None = UNSET
    name: MaybeText = UNSET
    description: MaybeText = UNSET
    admin_state_up: Flag = UNSET
    shared: Flag = UNSET
    external: Flag = field(name="router:external", default=UNSET)
    is_default: Flag = UNSET
    mtu: int | UnsetType = UNSET
    port_security_enabled: Flag = UNSET
    network_type: MaybeText | None = field(name="provider:network_type", default=UNSET)
    physical_network: MaybeText | None = field(name="provider:physical_network", default=UNSET)
    segmentation_id: int | UnsetType | None = field(name="provider:segmentation_id", default=UNSET)
    availability_zone_hints: list[str] | UnsetType = UNSET
    tags: Tags = UNSET


class NetworkChanges(Struct, kw_only=True):
    """What may change in a network."""

    name: MaybeText = UNSET
    description: MaybeText = UNSET
    admin_state_up: Flag = UNSET
    shared: Flag = UNSET
    external: Flag = field(name="router:external", default=UNSET)
    is_default: Flag = UNSET
    mtu: int | UnsetType = UNSET
    port_security_enabled: Flag = UNSET


class NewSubnet(Struct, kw_only=True):
    """A new subnet."""

    network_id: Text
    ip_version: Annotated[int, Meta(ge=4, le=6)] | UnsetType = UNSET
    cidr: MaybeText | None = UNSET
    project_id: MaybeText | None = UNSET
    name: MaybeText = UNSET
    description: MaybeText = UNSET
    gateway_ip: MaybeText | None = UNSET
    enable_dhcp: Flag = UNSET
    allocation_pools: list[Pool] | UnsetType | None = UNSET
    dns_nameservers: list[str] | UnsetType | None = UNSET
    host_routes: list[HostRoute] | UnsetType | None = UNSET
    ipv6_ra_mode: MaybeText | None = UNSET
    ipv6_address_mode: MaybeText | None = UNSET
    subnetpool_id: MaybeText | None = UNSET
    use_default_subnetpool: Flag = UNSET
    prefixlen: int | UnsetType = UNSET
    service_types: list[str] | UnsetType = UNSET
    segment_id: UnsetType | None = UNSET
    tags: Tags = UNSET


class SubnetChanges(Struct, kw_only=True):
    """What may change in a subnet."""

    name: MaybeText = UNSET
    description: MaybeText = UNSET
    gateway_ip: MaybeText | None = UNSET
    enable_dhcp: Flag = UNSET
    allocation_pools: list[Pool] | UnsetType = UNSET
    dns_nameservers: list[str] | UnsetType | None = UNSET
    host_routes: list[HostRoute] | UnsetType | None = UNSET
    service_types: list[str] | UnsetType = UNSET


class PairBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """An allowed address pair."""

    ip_address: str
    mac_address: str | None = None

    def made(self) -> AddressPair:
        """As the model has it."""
        return AddressPair(self.ip_address, self.mac_address or "")


class WantedIpBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """An address that is wanted."""

    subnet_id: str | None = None
    ip_address: str | None = None

    def made(self) -> WantedIp:
        """As operations take it."""
        return WantedIp(self.subnet_id, self.ip_address)


class PortChanges(Struct, kw_only=True):
    """What may change in a port."""

    name: MaybeText = UNSET
    description: MaybeText = UNSET
    admin_state_up: Flag = UNSET
    mac_address: MaybeText | None = UNSET
    fixed_ips: list[WantedIpBody] | UnsetType | None = UNSET
    device_id: MaybeText | None = UNSET
    device_owner: MaybeText | None = UNSET
    port_security_enabled: Flag = UNSET
    security_groups: list[str] | UnsetType | None = UNSET
    allowed_address_pairs: list[PairBody] | UnsetType | None = UNSET
    extra_dhcp_opts: list[DhcpOption] | UnsetType | None = UNSET
    host_id: MaybeText | None = field(name="binding:host_id", default=UNSET)
    vnic_type: MaybeText = field(name="binding:vnic_type", default=UNSET)
    profile: dict[str, Any] | UnsetType | None = field(name="binding:profile", default=UNSET)


class NewPort(Struct, kw_only=True):
    """A new port."""

    network_id: Text
    project_id: MaybeText | None = UNSET
    name: MaybeText = UNSET
    description: MaybeText = UNSET
    admin_state_up: Flag = UNSET
    mac_address: MaybeText | None = UNSET
    fixed_ips: list[WantedIpBody] | UnsetType | None = UNSET
    device_id: MaybeText | None = UNSET
    device_owner: MaybeText | None = UNSET
    port_security_enabled: Flag = UNSET
    security_groups: list[str] | UnsetType | None = UNSET
    allowed_address_pairs: list[PairBody] | UnsetType | None = UNSET
    extra_dhcp_opts: list[DhcpOption] | UnsetType | None = UNSET
    host_id: MaybeText | None = field(name="binding:host_id", default=UNSET)
    vnic_type: MaybeText = field(name="binding:vnic_type", default=UNSET)
    profile: dict[str, Any] | UnsetType | None = field(name="binding:profile", default=UNSET)
    tags: Tags = UNSET


class NewPool(Struct, kw_only=True):
    """A new subnet pool; one prefix may stand without a list."""

    name: Text
    prefixes: list[str] | str
    project_id: MaybeText | None = UNSET
    description: MaybeText = UNSET
    default_prefixlen: int | UnsetType = UNSET
    min_prefixlen: int | UnsetType = UNSET
    max_prefixlen: int | UnsetType = UNSET
    default_quota: int | UnsetType | None = UNSET
    shared: Flag = UNSET
    is_default: Flag = UNSET
    address_scope_id: UnsetType | None = UNSET
    tags: Tags = UNSET

    def listed(self) -> list[str]:
        """The prefixes."""
        return [self.prefixes] if isinstance(self.prefixes, str) else self.prefixes


class PoolChanges(Struct, kw_only=True):
    """What may change in a subnet pool."""

    name: MaybeText = UNSET
    description: MaybeText = UNSET
    prefixes: list[str] | UnsetType = UNSET
    default_prefixlen: int | UnsetType = UNSET
    min_prefixlen: int | UnsetType = UNSET
    max_prefixlen: int | UnsetType = UNSET
    default_quota: int | UnsetType | None = UNSET
    is_default: Flag = UNSET
    address_scope_id: UnsetType | None = UNSET


class GatewayBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A router's way out; null or no network takes it away."""

    network_id: str | None = None
    enable_snat: Flag = UNSET
    external_fixed_ips: list[WantedIpBody] | UnsetType = UNSET
    qos_policy_id: UnsetType | None = UNSET

    def made(self) -> Gateway | None:
        """As operations take it."""
        if self.network_id is None:
            return None
        wanted = UNSET if self.external_fixed_ips is UNSET else [ip.made() for ip in self.external_fixed_ips]
        return Gateway(network_id=self.network_id, enable_snat=self.enable_snat, external_fixed_ips=wanted)


class NewRouter(Struct, kw_only=True):
    """A new router."""

    project_id: MaybeText | None = UNSET
    name: MaybeText = UNSET
    description: MaybeText = UNSET
    admin_state_up: Flag = UNSET
    distributed: Flag | None = UNSET
    ha: Flag | None = UNSET
    external_gateway_info: GatewayBody | UnsetType | None = UNSET
    availability_zone_hints: list[str] | UnsetType = UNSET
    tags: Tags = UNSET


class RouterChanges(Struct, kw_only=True):
    """What may change in a router."""

    name: MaybeText = UNSET
    description: MaybeText = UNSET
    admin_state_up: Flag = UNSET
    distributed: Flag | None = UNSET
    ha: Flag | None = UNSET
    external_gateway_info: GatewayBody | UnsetType | None = UNSET
    routes: list[HostRoute] | UnsetType | None = UNSET


class ExtraRoutes(Struct, kw_only=True):
    """Routes to add to a router, or to take from it."""

    routes: list[HostRoute]


class InterfaceBody(Struct, kw_only=True):
    """What a router is to be connected with."""

    subnet_id: MaybeText | None = UNSET
    port_id: MaybeText | None = UNSET
    tags: Tags = UNSET

    def wanted(self) -> tuple[str | None, str | None]:
        """The subnet's and the port's id."""
        return self.subnet_id or None, self.port_id or None


class NewFloatingIp(Struct, kw_only=True):
    """A new floating IP."""

    floating_network_id: Text
    project_id: MaybeText | None = UNSET
    subnet_id: MaybeText | None = UNSET
    floating_ip_address: MaybeText | None = UNSET
    port_id: MaybeText | None = UNSET
    fixed_ip_address: MaybeText | None = UNSET
    description: MaybeText = UNSET
    tags: Tags = UNSET


class FloatingIpChanges(Struct, kw_only=True):
    """What may change in a floating IP."""

    port_id: MaybeText | None = UNSET
    fixed_ip_address: MaybeText | None = UNSET
    description: MaybeText = UNSET


class NewGroup(Struct, kw_only=True):
    """A new security group."""

    project_id: MaybeText | None = UNSET
    name: MaybeText = UNSET
    description: MaybeText | None = UNSET
    stateful: Flag = UNSET
    tags: Tags = UNSET


class GroupChanges(Struct, kw_only=True):
    """What may change in a security group."""

    name: MaybeText = UNSET
    description: MaybeText = UNSET
    stateful: Flag = UNSET


class NewRule(Struct, kw_only=True):
    """A new security group rule."""

    security_group_id: Text
    direction: str
    project_id: MaybeText | None = UNSET
    ethertype: MaybeText | None = UNSET
    protocol: str | int | UnsetType | None = UNSET
    port_range_min: int | UnsetType | None = UNSET
    port_range_max: int | UnsetType | None = UNSET
    remote_group_id: MaybeText | None = UNSET
    remote_ip_prefix: MaybeText | None = UNSET
    description: MaybeText | None = UNSET


class Quota(Struct, kw_only=True):
    """A project's limits; -1 is unlimited."""

    network: int | UnsetType = UNSET
    subnet: int | UnsetType = UNSET
    subnetpool: int | UnsetType = UNSET
    port: int | UnsetType = UNSET
    router: int | UnsetType = UNSET
    floatingip: int | UnsetType = UNSET
    security_group: int | UnsetType = UNSET
    security_group_rule: int | UnsetType = UNSET
    rbac_policy: int | UnsetType = UNSET
    project_id: MaybeText | None = UNSET
    force: Flag = UNSET
    check_limit: Flag = UNSET


class TagList(Struct, kw_only=True):
    """All tags of an object."""

    tags: list[str]


def one(request: Request, noun: str, kind: type[S]) -> S:
    """The object under `noun` in the body. Raises Invalid (HTTPBadRequest, InvalidInput) naming the attribute."""
    body = _body(request)
    if noun not in body:
        raise attributes.bad(f"Unable to find '{noun}' in request body")
    return attributes.read(body[noun], kind)


def several(request: Request, noun: str, kind: type[S], plural: str | None = None) -> tuple[list[S], bool]:
    """The object under `noun`, or the objects under its plural; and whether it was the plural. Raises Invalid."""
    body, plural = _body(request), plural or noun + "s"
    if plural not in body:
        return [one(request, noun, kind)], False
    found = body[plural]
    if not isinstance(found, list) or not found:
        raise attributes.bad("Resources required")
    return [attributes.read(item.get(noun, item) if isinstance(item, dict) else item, kind) for item in found], True


def plain(request: Request, kind: type[S]) -> S:
    """The body itself. Raises Invalid."""
    return attributes.read(_body(request), kind)


def _body(request: Request) -> dict[str, Any]:
    request.require_json()
    body = request.json()
    if not isinstance(body, dict):
        raise attributes.bad("Body contains invalid data")
    return body


def given(body: Struct, *leave_out: str) -> dict[str, Any]:
    """The fields that were sent, except some."""
    found = {name: getattr(body, name) for name in body.__struct_fields__ if name not in leave_out}
    return {name: value for name, value in found.items() if value is not UNSET}


def wire_names(body: Struct) -> dict[str, Any]:
    """What was sent, by the names on the wire."""
    names = zip(body.__struct_encode_fields__, body.__struct_fields__, strict=True)
    return {name: value for name, field in names if (value := getattr(body, field)) is not UNSET}


def emptied(fields: dict[str, Any], *lists: str) -> dict[str, Any]:
    """The fields, where null stands for an empty list."""
    return {name: [] if value is None and name in lists else value for name, value in fields.items()}
