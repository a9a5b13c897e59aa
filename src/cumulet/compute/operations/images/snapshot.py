"""Making images of servers."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from ....image.operations import images
from ....image.operations.images import NewImage
from ....kernel.db import Reader, Tx
from ....kernel.errors import Conflict, NotFound, OverQuota
from ....kernel.log import current_request_id
from ....kernel.policy import Actor
from ....kernel.workflow import start
from ....volume.operations import snapshots
from ....volume.operations.snapshots import NewSnapshot
from ...model import ACTIVE, LOCAL, PAUSED, ROOT, SNAPSHOT, STOPPED, SUSPENDED, TURN, Disk, Server
from ...rules.images import mapping
from ...rules.limits import in_force
from ...store import disks, servers
from ...workflows.lifecycle.snapshot_server import snapshot_server
from ...workflows.lifecycle.snapshot_volumes import snapshot_volumes
from .. import unified
from ..servers.reading import record, take

_STATES = (ACTIVE, STOPPED, PAUSED, SUSPENDED)
_OWN_WORK = (
    *("img_signature", "os_glance_", "owner_specified.", "cache_in_nova", "bittorrent", "base_image_ref", "image_type"),
    *mapping.NAMES,
)
"""What begins like this is true of the image that the server was made from, and not of what became of it."""


class Wanted(Struct, frozen=True):
    """What the image is to be called, and what is to be said of it."""

    name: str
    metadata: dict[str, str]


async def create(tx: Tx, actor: Actor, server_id: str, wanted: Wanted) -> str:
    """Begin to make an image of a server's root disk, or of snapshots of all its volumes if it boots from one; the image's id.

    Raises NotFound, Conflict (locked, or state), OverQuota, and what making an image or a snapshot does.
    """
    server = await take(tx, actor, server_id, "createImage", _STATES)
    if server.host_id is None:
        raise Conflict(f"Instance {server_id} is not ready: it is on no host.", code="state")
    most = in_force(await unified.rows(tx, server.project_id), server.user_id)["metadata_items"]
    if 0 <= most < len(wanted.metadata):
        raise OverQuota(f"Maximum number of metadata items exceeds {most}", code="quota")
    if not await servers.begin(tx, server_id, _STATES, task=SNAPSHOT):
        raise Conflict(f"Instance {server_id} has just changed; try again.", code="state")
    entry = await record(tx, actor, server_id, "createImage")
    has = await disks.of_server(tx, server_id)
    root = next((disk for disk in has if disk.place == LOCAL and disk.label == ROOT), None)
    new = await _described(tx, actor, server, wanted)
    more = {"request_id": current_request_id(), "turn": TURN.format(server_id)}
    if root is not None:
        image = await images.create(tx, actor, replace(new, min_disk=max(new.min_disk, -(-root.size_mb // 1024))))
        await start(tx, snapshot_server, server_id, entry, image.id, **more)
    else:
        made = await _snapshots(tx, actor, has, wanted.name)
        said = mapping.properties_of(made, server.root_device)
        image = await images.create(tx, actor, replace(new, disk_format="raw", properties={**new.properties, **said}))
        await start(tx, snapshot_volumes, server_id, entry, image.id, [device.snapshot_id for device in made], **more)
    return image.id


async def _snapshots(tx: Tx, actor: Actor, has: Sequence[Disk], name: str) -> list[mapping.Device]:
    """One of each volume, begun. Raises what making a snapshot does."""
    made = []
    for disk in has:
        if disk.volume_id is not None:
            new = NewSnapshot(disk.volume_id, f"snapshot for {name}", in_use=True)
            snapshot = await snapshots.create(tx, actor, new)
            device = mapping.Device(
                snapshot_id=snapshot.id,
                volume_size=snapshot.size_gb,
                boot_index=disk.boot_index,
                device_name=disk.device,
                delete_on_termination=disk.delete_on_termination,
                disk_bus=disk.bus,
                tag=disk.tag,
            )
            made.append(device)
    return made


async def _described(tx: Reader, actor: Actor, server: Server, wanted: Wanted) -> NewImage:
    """The record: what the server's own image said, what is true of every such image, and what the caller says."""
    kept = {name: text for name, text in server.image_properties.items() if not name.startswith(_OWN_WORK)}
    made = {
        "image_type": "snapshot",
        "instance_uuid": server.id,
        "user_id": actor.user_id,
        "owner_id": server.project_id,
        "image_location": "snapshot",
        "image_state": "available",
        **({"base_image_ref": server.image_id} if server.image_id else {}),
    }
    min_disk, min_ram = await _needs(tx, server)
    return NewImage(
        name=wanted.name,
        visibility="private",
        disk_format="qcow2",
        container_format="bare",
        min_disk=min_disk,
        min_ram=min_ram,
        properties={**kept, **made, **wanted.metadata},
    )


async def _needs(tx: Reader, server: Server) -> tuple[int, int]:
    """What the server's image needs: GiB of disk, MiB of memory; nothing if it is gone."""
    try:
        image = await images.known(tx, server.image_id or "")
    except NotFound:
        return 0, 0
    return image.min_disk, image.min_ram
