"""New servers: rows, ports, volumes, usage and workflows in the request's own transaction."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ....kernel.log import current_request_id
from ....kernel.policy import Actor
from ....kernel.workflow import start
from ....network.operations import ports
from ....volume.operations import attachments, volumes
from ....volume.operations.volumes import Volume
from ...model import BUILDING, CONFIG, LOCAL, SCHEDULING, TURN, UNKNOWN, VOLUME, Disk, Server
from ...rules import names
from ...rules.disks import Planned
from ...store import disks, servers
from ...workflows.lifecycle import create_server
from .. import server_groups
from . import creating
from .creating import Checked
from .reading import record
from .wanted import NewServers


class Created(Struct, frozen=True):
    """The servers that will be; `admin_password` is for their users and is not kept."""

    servers: list[Server]
    reservation_id: str
    admin_password: str


async def create(tx: Tx, actor: Actor, new: NewServers, store: Any) -> Created:
    """Ask for servers. Raises Invalid, Conflict, Forbidden, OverQuota; then nothing is left of any of them."""
    checked = await creating.check(tx, actor, new, store)
    reservation, password = creating.reservation_id(), new.admin_password or ids.secret_text(9)
    made = []
    for number in range(checked.count):
        server = _row(tx, actor, new, checked, number, (reservation, password))
        await servers.add(tx, server)
        if checked.group_id is not None:
            await server_groups.join(tx, checked.group_id, server.id)
        await _connect(tx, actor, new, server)
        waits = await _disks(tx, Asker(actor, store, checked.volume_host), server, checked.disks)
        entry = await record(tx, actor, server.id, "create")
        await start(
            tx,
            create_server,
            server.id,
            entry,
            checked.source,
            waits,
            request_id=current_request_id(),
            turn=TURN.format(server.id),
        )
        made.append(server)
    return Created(made, reservation, password)


def _row(tx: Tx, actor: Actor, new: NewServers, checked: Checked, number: int, told: tuple[str, str]) -> Server:
    identity, (reservation, password) = ids.new_uuid(), told
    name = names.numbered(new.name, number, checked.count)
    return Server(
        id=identity,
        project_id=actor.project_id or "",
        user_id=actor.user_id,
        name=name,
        hostname=new.hostname or names.hostname(name, identity),
        launch_index=number,
        reservation_id=reservation,
        admin_password=password if new.config_drive else None,
        created_at=tx.stamp,
        updated_at=tx.stamp,
        power_at=tx.stamp,
        **_EMPTY,
        **_as_asked(new),
        **_as_checked(checked),
    )


_EMPTY: dict[str, Any] = {
    "state": BUILDING,
    "task": SCHEDULING,
    "power": UNKNOWN,
    **dict.fromkeys(("fault", "host_id", "host_name", "zone", "locked_by", "locked_reason")),
    **dict.fromkeys(("launched_at", "terminated_at", "deleted_at")),
    "password": "",
    "version": 0,
}
"""What is true of every server at first."""


def _as_asked(new: NewServers) -> dict[str, Any]:
    return {
        "description": new.description,
        "image_id": new.image_id,
        "hints": new.hints,
        "user_data": new.user_data,
        "config_drive": new.config_drive,
        "metadata": new.metadata,
        "tags": sorted(set(new.tags)),
        "personality": new.personality,
        "access_ipv4": new.access_ipv4,
        "access_ipv6": new.access_ipv6,
        "disk_config": new.disk_config or "MANUAL",
        "trusted_certs": new.trusted_certs,
    }


def _as_checked(checked: Checked) -> dict[str, Any]:
    flavor, image, keypair = checked.flavor, checked.image, checked.keypair
    return {
        "image_properties": image.properties if image else {},
        "flavor_id": flavor.id,
        "flavor": creating.embedded(flavor),
        "pinned_zone": checked.zone,
        "destination": msgspec.to_builtins(checked.destination) if checked.destination else None,
        "key_name": keypair.name if keypair else None,
        "key_data": keypair.public_key if keypair else None,
        "root_device": checked.disks[0].device,
    }


async def _connect(tx: Tx, actor: Actor, new: NewServers, server: Server) -> None:
    """Make or take the server's ports. What the body names and is not there is the body's fault, not the path's."""
    try:
        await ports.prepare(tx, actor, server.id, new.networks, new.security_groups, server.pinned_zone or creating.DEFAULT_ZONE)
    except NotFound as problem:
        raise Invalid(problem.message, problem.code) from None


class Asker(Struct, frozen=True):
    """Who asks, where images' bytes are, and the host on which volumes are to be made."""

    actor: Actor
    store: Any
    host_id: str | None


async def _disks(tx: Tx, asked: Asker, server: Server, wanted: list[Planned]) -> bool:
    """Record the disks, and take or make the volumes; whether the server has to wait for one that is being made."""
    waits = False
    for planned in wanted:
        disk = _disk(server, planned)
        if planned.place == VOLUME:
            disk = await _volume(tx, asked, server, planned, disk)
            waits = waits or disk.created_volume
        await disks.add(tx, disk)
    if server.config_drive:
        taken = [planned.device for planned in wanted]
        drive = Planned(place=LOCAL, label=CONFIG, source="blank", source_id=None, size_mb=0, device=names.next_device(taken, "sd"))
        await disks.add(tx, _disk(server, drive))
    return waits


def _disk(server: Server, planned: Planned) -> Disk:
    return Disk(
        id=ids.new_uuid(),
        server_id=server.id,
        place=planned.place,
        label=planned.label,
        source=planned.source,
        image_id=planned.source_id if planned.source == "image" else None,
        size_mb=planned.size_mb,
        device=planned.device,
        bus=planned.bus,
        boot_index=planned.boot_index,
        delete_on_termination=planned.delete_on_termination,
        tag=planned.tag,
        volume_id=None,
        attachment_id=None,
        created_volume=False,
        path=None,
        format=None,
        attached_at=None,
    )


async def _volume(tx: Tx, asked: Asker, server: Server, planned: Planned, disk: Disk) -> Disk:
    if planned.source != "volume":
        made = await _new_volume(tx, asked, planned)
        return msgspec.structs.replace(disk, volume_id=made.id, created_volume=True)
    try:
        kept = await attachments.reserve(tx, asked.actor, planned.source_id or "", server.id)
    except (NotFound, Conflict) as problem:
        raise Invalid(f"Block Device Mapping is Invalid: {problem.message}") from None
    return msgspec.structs.replace(disk, volume_id=kept.volume_id, attachment_id=kept.id)


async def _new_volume(tx: Tx, asked: Asker, planned: Planned) -> Volume:
    """A volume that is made for the server, as large as its snapshot if nothing is said. Raises Invalid."""
    image_id, snapshot_id = (planned.source_id if planned.source == kind else None for kind in ("image", "snapshot"))
    size = -(-planned.size_mb // 1024) or None
    wanted = volumes.NewVolume(size_gb=size, name="", image_id=image_id, host_id=asked.host_id, snapshot_id=snapshot_id)
    try:
        made = await volumes.create(tx, asked.actor, wanted, asked.store)
    except NotFound as problem:
        raise Invalid(f"Block Device Mapping is Invalid: {problem.message}") from None
    if planned.boot_index == 0 and not made.bootable:
        raise Invalid(f"Block Device {planned.source_id} is not bootable.")
    return made
