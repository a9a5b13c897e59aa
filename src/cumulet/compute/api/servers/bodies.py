"""What clients send to create and change servers."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ....kernel.errors import Invalid
from ....kernel.http import Lives, Version
from ....network.operations.ports import Wish
from ...operations.images.snapshot import Wanted
from ...operations.servers.wanted import NewServers, Place
from .. import values as v
from .block_devices import BlockDevice, LegacyBlockDevice, asked, from_legacy

DiskConfig = Literal["AUTO", "MANUAL"]
NETWORKS_REQUIRED = Version(2, 37)
TAGS_AGAIN = Version(2, 42)
DESCRIBED = Version(2, 19)
FQDN_ALLOWED = Version(2, 94)


class NewNetwork(Struct, forbid_unknown_fields=True):
    """One interface of a new server."""

    uuid: str | None = None
    port: str | None = None
    fixed_ip: str | None = None
    tag: Annotated[v.Tag | None, Lives("2.32")] = None

    def wish(self) -> Wish:
        """What it comes to. Raises Invalid."""
        if self.port is not None:
            if self.fixed_ip is not None:
                raise Invalid(
                    f"Specified Fixed IP '{self.fixed_ip}' cannot be used with port '{self.port}': it must be one or the other."
                )
            return Wish(port_id=v.identifier("networks.port", self.port), tag=self.tag)
        if self.uuid is None:
            raise Invalid("Bad network format: missing 'uuid'")
        fixed_ip = v.address("networks.fixed_ip", self.fixed_ip) if self.fixed_ip is not None else None
        return Wish(network_id=v.identifier("networks.uuid", self.uuid), fixed_ip=fixed_ip, tag=self.tag)


class GroupName(Struct, forbid_unknown_fields=True):
    """A security group, by name or id."""

    name: v.Text255


class PersonalityFile(Struct, forbid_unknown_fields=True):
    """A file that the guest shall find on its config drive."""

    path: str
    contents: str


class NewServer(Struct, kw_only=True, forbid_unknown_fields=True):
    """The `server` of a create request."""

    name: v.Text255
    flavor_ref: Annotated[str, Meta(min_length=1)] | int = field(name="flavorRef")
    image_ref: str = field(name="imageRef", default="")
    admin_pass: str | None = field(name="adminPass", default=None)
    metadata: v.Metadata = {}
    networks: list[NewNetwork] | str | UnsetType = UNSET
    disk_config: DiskConfig | None = field(name="OS-DCF:diskConfig", default=None)
    access_ipv4: str | None = field(name="accessIPv4", default=None)
    access_ipv6: str | None = field(name="accessIPv6", default=None)
    personality: Annotated[list[PersonalityFile], Lives(until="2.56")] = []
    availability_zone: v.Text255 | None = None
    block_device_mapping: list[LegacyBlockDevice] = []
    block_device_mapping_v2: list[BlockDevice] = []
    config_drive: v.Flag = False
    key_name: v.Text255 | None = None
    min_count: v.Count = 1
    max_count: v.Count | UnsetType = UNSET
    return_reservation_id: v.Flag = False
    security_groups: list[GroupName] = []
    user_data: Annotated[str, Meta(max_length=65535)] | None = None
    description: Annotated[v.Description | None, Lives("2.19")] = None
    tags: Annotated[v.Tags, Lives("2.52")] = []
    trusted_image_certificates: Annotated[
        Annotated[list[Annotated[str, Meta(min_length=1)]], Meta(min_length=1, max_length=50)] | None, Lives("2.63")
    ] = None
    host: Annotated[v.Text255 | None, Lives("2.74")] = None
    hypervisor_hostname: Annotated[v.Text255 | None, Lives("2.74")] = None
    hostname: Annotated[str | None, Lives("2.90")] = None


class CreateServer(Struct, kw_only=True, forbid_unknown_fields=True):
    """The whole body: a server, and hints for choosing its host under either of two names."""

    server: NewServer
    hints: dict[str, Any] | None = field(name="os:scheduler_hints", default=None)
    old_hints: dict[str, Any] | None = field(name="OS-SCH-HNT:scheduler_hints", default=None)

    def wanted(self, version: Version, zero_disk: bool) -> NewServers:
        """What is asked for. Raises Invalid."""
        new = self.server
        least = v.count("min_count", new.min_count, least=1)
        most = least if new.max_count is UNSET else v.count("max_count", new.max_count, least=1)
        name = v.name("name", new.name)
        return NewServers(
            name=name,
            flavor_id=str(new.flavor_ref),
            image_id=v.identifier("imageRef", new.image_ref) if new.image_ref else None,
            networks=_networks(new.networks, version),
            disks=_disks(new, version),
            security_groups=[group.name for group in new.security_groups],
            place=_place(new),
            least=least,
            most=most,
            key_name=new.key_name,
            user_data=new.user_data,
            config_drive=v.flag("config_drive", new.config_drive),
            metadata=new.metadata,
            personality=[{"path": f.path, "contents": f.contents} for f in new.personality],
            description=v.printable("description", new.description) if version >= DESCRIBED else name,
            hostname=None if new.hostname is None else v.hostname(new.hostname, version >= FQDN_ALLOWED),
            tags=new.tags,
            hints=self.hints or self.old_hints or {},
            access_ipv4=v.address("accessIPv4", new.access_ipv4, 4) if new.access_ipv4 is not None else None,
            access_ipv6=v.address("accessIPv6", new.access_ipv6, 6) if new.access_ipv6 is not None else None,
            disk_config=new.disk_config,
            admin_password=new.admin_pass,
            trusted_certs=new.trusted_image_certificates,
            zero_disk=zero_disk,
        )


def _networks(given: list[NewNetwork] | str | UnsetType, version: Version) -> list[Wish] | Literal["auto", "none"]:
    if given is UNSET:
        if version >= NETWORKS_REQUIRED:
            raise Invalid("Invalid input for field/attribute server. 'networks' is a required property.")
        return "auto"
    if isinstance(given, str):
        if version >= NETWORKS_REQUIRED and given in ("auto", "none"):
            return "auto" if given == "auto" else "none"
        raise v.wrong("networks", given, "It must be a list, or from 2.37 on 'auto' or 'none'.")
    if not given:
        return "auto"
    if NETWORKS_REQUIRED <= version < TAGS_AGAIN and any(network.tag for network in given):
        raise Invalid("Additional properties are not allowed ('tag' was unexpected).")
    wishes = [network.wish() for network in given]
    ports = [wish.port_id for wish in wishes if wish.port_id]
    for port in ports:
        if ports.count(port) > 1:
            raise Invalid(f"Port ID '{port}' was specified twice: you cannot attach a port multiple times.")
    return wishes


def _disks(new: NewServer, version: Version) -> Any:
    if new.block_device_mapping and new.block_device_mapping_v2:
        raise Invalid("Using different block_device_mapping syntaxes is not allowed in the same request.")
    if new.block_device_mapping:
        return from_legacy(new.block_device_mapping, bool(new.image_ref))
    if Version(2, 33) <= version < TAGS_AGAIN and any(disk.tag for disk in new.block_device_mapping_v2):
        raise Invalid("Additional properties are not allowed ('tag' was unexpected).")
    return asked(new.block_device_mapping_v2, bool(new.image_ref))


def _place(new: NewServer) -> Place:
    """`zone`, or `zone:host`, `zone:host:node`, `zone::node`; or a host by a field of its own."""
    zone, _, rest = (new.availability_zone or "").partition(":")
    host, _, node = rest.partition(":")
    if ":" in node:
        raise Invalid("Unable to parse availability_zone: it is zone, zone:host or zone:host:node.")
    forced = host or node or None
    named = new.host or new.hypervisor_hostname
    if forced and named:
        raise Invalid(
            "One mechanism with host and/or hypervisor_hostname and another mechanism with zone:host:node are mutually exclusive."
        )
    if new.host and new.hypervisor_hostname and new.host != new.hypervisor_hostname:
        raise Invalid(f"Compute host {new.host} has no hypervisor {new.hypervisor_hostname}.")
    return Place(zone or None, forced, named)


class ServerChanges(Struct, kw_only=True, forbid_unknown_fields=True):
    """The `server` of an update."""

    name: v.Text255 | UnsetType = UNSET
    disk_config: DiskConfig | UnsetType = field(name="OS-DCF:diskConfig", default=UNSET)
    access_ipv4: str | UnsetType = field(name="accessIPv4", default=UNSET)
    access_ipv6: str | UnsetType = field(name="accessIPv6", default=UNSET)
    description: Annotated[v.Description | UnsetType | None, Lives("2.19")] = UNSET
    hostname: Annotated[str | UnsetType, Lives("2.90")] = UNSET

    def changes(self, version: Version) -> dict[str, Any]:
        """The columns to be changed. Raises Invalid."""
        found: dict[str, Any] = {}
        if self.name is not UNSET:
            found["name"] = v.name("name", self.name)
        if self.disk_config is not UNSET:
            found["disk_config"] = self.disk_config
        if self.access_ipv4 is not UNSET:
            found["access_ipv4"] = v.address("accessIPv4", self.access_ipv4, 4)
        if self.access_ipv6 is not UNSET:
            found["access_ipv6"] = v.address("accessIPv6", self.access_ipv6, 6)
        if self.description is not UNSET:
            found["description"] = v.printable("description", self.description)
        if self.hostname is not UNSET:
            found["hostname"] = v.hostname(self.hostname, version >= FQDN_ALLOWED)
        return found


class RebootType(Struct, forbid_unknown_fields=True):
    """How to reboot."""

    type: str

    def hard(self) -> bool:
        """Raises Invalid for anything but soft and hard."""
        if not re.fullmatch("SOFT|Soft|soft|HARD|Hard|hard", self.type):
            raise v.wrong("reboot.type", self.type, "It is SOFT or HARD.")
        return self.type.lower() == "hard"


class LockReason(Struct, forbid_unknown_fields=True):
    """Why a server is locked."""

    locked_reason: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class NewImage(Struct, forbid_unknown_fields=True):
    """An image to be made of a server."""

    name: v.Text255
    metadata: v.Metadata = {}

    def wanted(self) -> Wanted:
        """Raises Invalid."""
        return Wanted(v.name("name", self.name), self.metadata)


class StateReset(Struct, forbid_unknown_fields=True):
    """The state that an administrator says a server is in."""

    state: Literal["active", "error"]


class ConsoleLength(Struct, forbid_unknown_fields=True):
    """How many of the last lines; all if None or negative."""

    length: int | str | None = None

    def lines(self) -> int | None:
        """Raises Invalid."""
        if self.length is None:
            return None
        number = v.count("length", self.length, least=-1)
        return None if number < 0 else number


class TagList(Struct, forbid_unknown_fields=True):
    """Every tag of a server."""

    tags: v.Tags


class MetadataItems(Struct, forbid_unknown_fields=True):
    """Metadata, whole or in part."""

    metadata: v.Metadata


class MetadataItem(Struct, forbid_unknown_fields=True):
    """One item of metadata."""

    meta: v.Metadata
