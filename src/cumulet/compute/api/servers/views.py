"""Servers as JSON. https://docs.openstack.org/api-ref/compute/#show-server-details"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType, field

from ....kernel.http import Lives
from ....network.operations.ports import Interface
from ...model import BUILDING, Disk, Server
from ...operations.servers.reading import Whole
from ...rules import names, states
from .. import links

Links = list[dict[str, str]]


class Shown(Struct, frozen=True):
    """What the caller may see, and where it sees it: `root` is where the service is mounted for it."""

    root: str
    extended: bool
    host_status: bool
    extra_specs: bool
    hostname: bool
    server_groups: tuple[str, ...] | None = None


class FlavorPart(Struct):
    """A server's flavor: a link to it, later a copy of it."""

    id: Annotated[str, Lives(until="2.46")]
    links: Annotated[Links, Lives(until="2.46")]
    vcpus: Annotated[int, Lives("2.47")]
    ram: Annotated[int, Lives("2.47")]
    disk: Annotated[int, Lives("2.47")]
    ephemeral: Annotated[int, Lives("2.47")]
    swap: Annotated[int, Lives("2.47")]
    original_name: Annotated[str, Lives("2.47")]
    extra_specs: Annotated[dict[str, str] | UnsetType, Lives("2.47")] = UNSET


class VolumePart(Struct):
    """A volume of the server."""

    id: str
    delete_on_termination: Annotated[bool, Lives("2.3")]


class Address(Struct):
    """An address of the server."""

    version: int
    addr: str
    type: str | UnsetType = field(name="OS-EXT-IPS:type", default=UNSET)
    mac: str | UnsetType = field(name="OS-EXT-IPS-MAC:mac_addr", default=UNSET)


class ServerView(Struct, kw_only=True):
    """A server in detail. Fields that policy hides from the caller are unset."""

    id: str
    name: str
    status: str
    tenant_id: str
    user_id: str
    metadata: dict[str, str]
    host_hash: str = field(name="hostId")
    image: dict[str, Any] | str
    flavor: FlavorPart
    created: str
    updated: str
    addresses: dict[str, list[Address]]
    access_ipv4: str = field(name="accessIPv4")
    access_ipv6: str = field(name="accessIPv6")
    links: Links
    disk_config: str = field(name="OS-DCF:diskConfig")
    progress: int | UnsetType = UNSET
    fault: dict[str, Any] | UnsetType = UNSET
    zone: str = field(name="OS-EXT-AZ:availability_zone")
    config_drive: str
    key_name: str | None
    launched_at: str | None = field(name="OS-SRV-USG:launched_at")
    terminated_at: str | None = field(name="OS-SRV-USG:terminated_at")
    security_groups: list[dict[str, str]] | UnsetType = UNSET
    host: str | UnsetType | None = field(name="OS-EXT-SRV-ATTR:host", default=UNSET)
    instance_name: str | UnsetType = field(name="OS-EXT-SRV-ATTR:instance_name", default=UNSET)
    hypervisor_hostname: str | UnsetType | None = field(name="OS-EXT-SRV-ATTR:hypervisor_hostname", default=UNSET)
    reservation_id: Annotated[str | UnsetType, Lives("2.3")] = field(name="OS-EXT-SRV-ATTR:reservation_id", default=UNSET)
    launch_index: Annotated[int | UnsetType, Lives("2.3")] = field(name="OS-EXT-SRV-ATTR:launch_index", default=UNSET)
    hostname: Annotated[str | UnsetType, Lives("2.3")] = field(name="OS-EXT-SRV-ATTR:hostname", default=UNSET)
    kernel_id: Annotated[str | UnsetType, Lives("2.3")] = field(name="OS-EXT-SRV-ATTR:kernel_id", default=UNSET)
    ramdisk_id: Annotated[str | UnsetType, Lives("2.3")] = field(name="OS-EXT-SRV-ATTR:ramdisk_id", default=UNSET)
    root_device: Annotated[str | UnsetType, Lives("2.3")] = field(name="OS-EXT-SRV-ATTR:root_device_name", default=UNSET)
    user_data: Annotated[str | UnsetType | None, Lives("2.3")] = field(name="OS-EXT-SRV-ATTR:user_data", default=UNSET)
    task: str | None = field(name="OS-EXT-STS:task_state")
    state: str = field(name="OS-EXT-STS:vm_state")
    power: int = field(name="OS-EXT-STS:power_state")
    volumes: list[VolumePart] = field(name="os-extended-volumes:volumes_attached")
    locked: Annotated[bool, Lives("2.9")]
    host_status: Annotated[str | UnsetType, Lives("2.16")] = UNSET
    description: Annotated[str | None, Lives("2.19")]
    tags: Annotated[list[str], Lives("2.26")]
    trusted_image_certificates: Annotated[list[str] | None, Lives("2.63")]
    server_groups: Annotated[list[str] | UnsetType, Lives("2.71")] = UNSET
    locked_reason: Annotated[str | None, Lives("2.73")]
    pinned_availability_zone: Annotated[str | None, Lives("2.96")]


def server(whole: Whole, shown: Shown, host_status: str | None = None) -> ServerView:
    """A server as it is shown; `host_status` is its host's."""
    s = whole.server
    status = states.status(s.state, s.task)
    return ServerView(
        id=s.id,
        name=s.name,
        status=status,
        tenant_id=s.project_id,
        user_id=s.user_id,
        metadata=s.metadata,
        host_hash=names.host_hash(s.project_id, s.host_id),
        image={"id": s.image_id, "links": links.bookmark(shown.root, "images", s.image_id)} if s.image_id else "",
        flavor=_flavor(s, shown),
        created=links.second(s.created_at),
        updated=links.second(s.updated_at),
        addresses={} if s.state == BUILDING else addresses(whole.interfaces, extended=True),
        access_ipv4=s.access_ipv4 or "",
        access_ipv6=s.access_ipv6 or "",
        links=links.resource(shown.root, "servers", s.id),
        disk_config=s.disk_config,
        progress=0 if status in states.PROGRESSING else UNSET,
        fault=_fault(s, status, shown.extended),
        zone=s.zone or "",
        config_drive="True" if s.config_drive else "",
        key_name=s.key_name,
        launched_at=s.launched_at,
        terminated_at=s.terminated_at,
        security_groups=groups(whole.interfaces) or UNSET,
        task=s.task,
        state=s.state,
        power=s.power,
        volumes=[VolumePart(disk.volume_id or "", disk.delete_on_termination) for disk in whole.volumes],
        locked=s.locked_by is not None,
        host_status=UNSET if host_status is None else host_status,
        description=s.description,
        tags=s.tags,
        server_groups=UNSET if shown.server_groups is None else list(shown.server_groups),
        trusted_image_certificates=s.trusted_certs,
        locked_reason=s.locked_reason,
        pinned_availability_zone=s.pinned_zone,
        **_extended(s, shown),
    )


def _extended(s: Server, shown: Shown) -> dict[str, Any]:
    """What only administrators see; the hostname later everybody."""
    if not shown.extended:
        return {"hostname": s.hostname} if shown.hostname else {}
    return {
        "host": s.host_name,
        "instance_name": f"cumulet-{s.id}",
        "hypervisor_hostname": s.host_name,
        "reservation_id": s.reservation_id,
        "launch_index": s.launch_index,
        "hostname": s.hostname,
        "kernel_id": "",
        "ramdisk_id": "",
        "root_device": s.root_device,
        "user_data": s.user_data,
    }


def _fault(s: Server, status: str, is_admin: bool) -> dict[str, Any] | UnsetType:
    if s.fault is None or status not in states.FAULTY:
        return UNSET
    shown = {"code": s.fault["code"], "created": links.second(s.fault["created"]), "message": s.fault["message"]}
    if s.fault["details"] and (is_admin or s.fault["code"] != 500):
        shown["details"] = s.fault["details"]
    return shown


def _flavor(s: Server, shown: Shown) -> FlavorPart:
    f = s.flavor
    return FlavorPart(
        id=s.flavor_id,
        links=links.bookmark(shown.root, "flavors", s.flavor_id),
        vcpus=f["vcpus"],
        ram=f["ram"],
        disk=f["disk"],
        ephemeral=f["ephemeral"],
        swap=f["swap"],
        original_name=f["name"],
        extra_specs=f["extra_specs"] if shown.extra_specs else UNSET,
    )


def addresses(interfaces: list[Interface], extended: bool) -> dict[str, list[Address]]:
    """Addresses by network name: the fixed ones, then the floating ones."""
    found: dict[str, list[Address]] = {}
    for interface in interfaces:
        fixed = [(address, "fixed") for _, address in interface.fixed_ips]
        floating = [(address, "floating") for _, address in interface.floating]
        known = found.setdefault(interface.network_name, [])
        for address, kind in [*fixed, *floating]:
            shown = Address(6 if ":" in address else 4, address)
            if extended:
                shown.type, shown.mac = kind, interface.mac
            known.append(shown)
    return found


def groups(interfaces: list[Interface]) -> list[dict[str, str]]:
    """The names of the security groups of all interfaces."""
    return [{"name": name} for name in sorted({name for interface in interfaces for name in interface.security_groups})]


def attachment_id(disk: Disk) -> str:
    """The id that clients know an attachment by; ours until the volume service has given one."""
    return disk.attachment_id or disk.id
