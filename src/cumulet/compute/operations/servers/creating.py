"""Asking for new servers: everything that can be refused is refused here, before anything is written."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from msgspec import Struct

from ....contract.guests import ImageSource
from ....image.operations import images
from ....image.operations.images import Image
from ....kernel import ids
from ....kernel.db import Reader, Tx
from ....kernel.errors import Conflict, Invalid, NoCapacity, NotFound, OverQuota
from ....kernel.policy import Actor
from ....placement.operations import claims, hosts
from ....volume.operations import snapshots, volumes
from ...model import Destination, Flavor, Keypair, Usage
from ...rules import disks as disk_rules
from ...rules import limits, sizes
from ...rules.images import mapping
from ...rules.scheduling import capabilities, nearness
from ...store import flavors, keypairs, quotas, services
from ...workflows.steps.needing import Needs, needs_of
from .. import server_groups, unified
from .wanted import NewServers, Place

MIB = 1024**2
DEFAULT_ZONE = "nova"


class Checked(Struct, frozen=True):
    """What a request for servers comes to.

    `source` is where the root disk's content is, `volume_host` where new volumes are made, `count` how many servers there will be,
    `group_id` the server group that they will be in.
    """

    flavor: Flavor
    image: Image | None
    source: ImageSource | None
    keypair: Keypair | None
    destination: Destination | None
    zone: str | None
    disks: list[disk_rules.Planned]
    volume_host: str | None
    count: int
    group_id: str | None


async def check(tx: Tx, actor: Actor, new: NewServers, store: Any) -> Checked:
    """Everything that does not depend on what is written. Raises Invalid, Conflict, OverQuota.

    `store` is the image service's byte store.
    """
    _check_text(new)
    flavor = await _flavor(tx, actor, new.flavor_id)
    image = await _image(tx, actor, new.image_id)
    await needs_of(tx, flavor, image.properties if image else {}, 0)
    planned = _plan(new, flavor, image)
    await _check_bootable(tx, actor, planned[0])
    boots_image = planned[0].place == "local"
    source = _source(store, image) if image is not None and boots_image else None
    keypair = await _keypair(tx, actor, new.key_name)
    destination = await _destination(tx, new.place)
    zone = await _zone(tx, new.place)
    count = await _affordable(tx, actor, new, flavor)
    _check_count(new, count)
    group_id = await server_groups.hinted(tx, actor, new.hints, count)
    bounds = Bounds(destination, zone, group_id, image.properties if image else {})
    volume_host = await _volume_host(tx, actor, flavor, planned, bounds)
    return Checked(flavor, image, source, keypair, destination, zone, planned, volume_host, count, group_id)


def _check_text(new: NewServers) -> None:
    capabilities.query(new.hints.get("query"))
    nearness.wanted(new.hints)
    if new.least > new.most:
        raise Invalid("min_count must be <= max_count")
    if new.user_data is not None:
        try:
            base64.b64decode(new.user_data, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid("User data needs to be valid base 64.") from None


async def _flavor(tx: Reader, actor: Actor, flavor_id: str) -> Flavor:
    found = await flavors.find(tx, flavor_id, actor.scope)
    if found is None or found.disabled:
        raise Invalid(f"Flavor {flavor_id} could not be found.")
    return found


async def _image(tx: Reader, actor: Actor, image_id: str | None) -> Image | None:
    if image_id is None:
        return None
    try:
        image = await images.get(tx, actor, image_id)
    except NotFound:
        raise Invalid("Can not find requested image") from None
    if image.status != "active":
        raise Invalid(f"Image {image_id} is not active.")
    return image


def _plan(new: NewServers, flavor: Flavor, image: Image | None) -> list[disk_rules.Planned]:
    size = (image.virtual_size or image.size or 0) if image else 0
    root_mb = sizes.root_gb(flavor, size) * 1024
    mapped = mapping.disks_of(image.properties) if image else []
    boots_mapped = any(disk.boot_index == 0 for disk in mapped)
    planned = disk_rules.plan(mapping.merged(mapped, new.disks), flavor, None if boots_mapped else new.image_id, root_mb)
    from_volume = planned[0].place == "volume"
    disk_rules.check_zero_disk(flavor, from_volume, new.zero_disk)
    if image is not None and not from_volume:
        disk_rules.check_image(flavor, image.min_ram, image.min_disk, size)
    if new.trusted_certs and from_volume:
        raise Invalid("Image certificate validation is not supported when booting from volume")
    return planned


async def _check_bootable(tx: Reader, actor: Actor, boot: disk_rules.Planned) -> None:
    """Raise Invalid for a volume to boot from that is not there, or has never had anything bootable on it."""
    if boot.source != "volume" or boot.source_id is None:
        return
    try:
        volume = await volumes.get(tx, actor, boot.source_id)
    except NotFound as problem:
        raise Invalid(f"Block Device Mapping is Invalid: {problem.message}") from None
    if not volume.bootable:
        raise Invalid(f"Block Device {boot.source_id} is not bootable.")


def _source(store: Any, image: Image) -> ImageSource:
    try:
        return images.source_of(store, image)
    except Conflict as problem:
        raise Invalid(problem.message) from None


async def _keypair(tx: Reader, actor: Actor, name: str | None) -> Keypair | None:
    if name is None:
        return None
    found = await keypairs.find(tx, actor.user_id, name)
    if found is None:
        raise Invalid("Invalid key_name provided.")
    return found


async def _destination(tx: Reader, place: Place) -> Destination | None:
    name = place.forced or place.host
    if name is None:
        return None
    host = await hosts.find(tx, name)
    if host is None:
        raise Invalid(f"Compute host {name} could not be found.")
    return Destination(host.id, forced=place.forced is not None)


async def _zone(tx: Reader, place: Place) -> str | None:
    """The zone asked for. Raises Invalid if no host is in it; a forced host's own zone wins."""
    if place.zone is None or place.forced is not None:
        return None
    if place.zone not in {host.zone for host in await hosts.list(tx)}:
        raise Invalid("The requested availability zone is not available")
    return place.zone


class Bounds(Struct, frozen=True):
    """What bounds the choice of a host: one that was named, a zone, a server group, and what the image wants of it."""

    destination: Destination | None
    zone: str | None
    group_id: str | None
    image_properties: dict[str, str]


async def _volume_host(tx: Reader, actor: Actor, flavor: Flavor, planned: list[disk_rules.Planned], bounds: Bounds) -> str | None:
    """Where the volumes of a new server are made: volumes can only be attached where they are, so all have to be on one host.

    None if there are none to make, or if no host suits: then the server's own attempt to find one says why.
    """
    if not any(disk.place == "volume" and disk.source != "volume" for disk in planned):
        return None
    for disk in planned:
        if disk.source == "volume" and disk.source_id is not None:
            return (await volumes.get(tx, actor, disk.source_id)).host_id
        if disk.source == "snapshot" and disk.source_id is not None:
            return await _snapshot_host(tx, actor, disk.source_id)
    if bounds.destination is not None:
        return bounds.destination.host_id
    local = sum(disk.size_mb for disk in planned if disk.place == "local")
    try:
        found = await claims.candidates(
            tx, await _within(tx, await needs_of(tx, flavor, bounds.image_properties, local), bounds), limit=32
        )
    except NoCapacity:
        return None
    return max(found, key=lambda candidate: candidate.free.get("MEMORY_MB", 0)).host_id


async def _snapshot_host(tx: Reader, actor: Actor, snapshot_id: str) -> str:
    """Where a volume made from it is. Raises Invalid."""
    try:
        return (await snapshots.get(tx, actor, snapshot_id)).host_id
    except NotFound as problem:
        raise Invalid(f"Block Device Mapping is Invalid: {problem.message}") from None


async def _within(tx: Reader, needs: Needs, bounds: Bounds) -> claims.Wanted:
    choices = []
    excluded = await services.forced_down(tx)
    if bounds.zone is not None:
        choices.append({host.id for host in await hosts.list(tx) if host.zone == bounds.zone})
    if bounds.group_id is not None:
        group = await server_groups.company_of(tx, bounds.group_id)
        excluded += group.excluded()
        together = group.allowed()
        choices += [together] if together is not None else []
    allowed = sorted(set.intersection(*choices)) if choices else None
    return claims.Wanted(needs.resources, hosts=allowed, excluded=excluded, inside=needs.inside)


async def _affordable(tx: Tx, actor: Actor, new: NewServers, flavor: Flavor) -> int:
    """How many servers are made: as many as the quota allows, up to what was asked for (C12)."""
    project_id = actor.project_id or ""
    overrides = await unified.rows(tx, project_id)
    items = limits.in_force(overrides, actor.user_id)["metadata_items"]
    if 0 <= items < len(new.metadata):
        raise OverQuota(f"Maximum number of metadata items exceeds {items}", code="quota")
    one, own = Usage(1, flavor.vcpus, flavor.ram), limits.personal(overrides, actor.user_id)
    after = await quotas.grow(tx, project_id, _times(one, new.most))  # from here on nobody else makes servers in the project
    personal = [(own, await quotas.usage_of_user(tx, project_id, actor.user_id))] if own else []
    used = Usage(after.servers - new.most, after.cores - new.most * one.cores, after.ram - new.most * one.ram)
    count = new.most
    for allowed, now in ((limits.in_force(overrides), used), *personal):
        count = limits.affordable(allowed, now, one, count)
        if count < new.least:
            raise limits.refusal(allowed, now, _times(one, new.least))
    if count < new.most:
        await quotas.grow(tx, project_id, _times(one, count - new.most))
    return count


def _times(usage: Usage, count: int) -> Usage:
    return Usage(usage.servers * count, usage.cores * count, usage.ram * count)


def _check_count(new: NewServers, count: int) -> None:
    if count == 1:
        return
    if new.hostname is not None:
        raise Invalid("Unable to allocate a single hostname to multiple instances.")
    if not isinstance(new.networks, str):
        if any(wish.port_id for wish in new.networks):
            raise Invalid("A port cannot be given to several servers: max_count must be 1.")
        if any(wish.fixed_ip for wish in new.networks):
            raise Invalid("A fixed IP cannot be given to several servers: max_count must be 1.")
    if any(disk.source == "volume" for disk in new.disks):
        raise Invalid("A volume cannot be attached to several servers: max_count must be 1.")


def embedded(flavor: Flavor) -> dict[str, Any]:
    """The copy of a flavor that a server keeps."""
    found: dict[str, Any] = msgspec.to_builtins(flavor)
    return found


def reservation_id() -> str:
    """What all servers of one request have in common."""
    return "r-" + ids.new_hex()[:8]
