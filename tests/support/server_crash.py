"""What is true of one server everywhere: in compute, placement, network, volume, and on every host; and how it is built."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cumulet.compute.model import Server
from cumulet.compute.store import disks, quotas
from cumulet.compute.workflows.steps.commands import HostRefused
from cumulet.network.operations import ports
from cumulet.placement.operations import claims
from cumulet.volume.operations import attachments

from .crash import Scenario
from .servers import DEMO, ComputeCloud, compute_cloud


async def snapshot(cloud: ComputeCloud, server: Server) -> dict[str, Any]:
    """Everything that matters after a workflow on this server."""
    now = await cloud.look(server.id)
    async with cloud.db.read() as tx:
        held = await claims.claims_of(tx, server.id)
        interfaces = (await ports.interfaces(tx, [server.id]))[server.id]
        used = await quotas.usage(tx, DEMO)
        kept = await attachments.of_server(tx, server.id)
        own = await disks.of_server(tx, server.id)
    return {
        "state": now.state,
        "task": now.task,
        "at home": now.host_id is not None and now.state != "deleted",
        "claims": {"here" if host_id == now.host_id else "elsewhere": list(amounts) for host_id, amounts in held.items()},
        "ports": [("here" if i.host_id and i.host_id == now.host_id else "nowhere") for i in interfaces],
        "volumes": sorted((a.status, "here" if a.host_id == now.host_id else "nowhere") for a in kept),
        "disks": sorted((d.label or "volume", d.path is not None) for d in own),
        "used": (used.servers, used.cores, used.ram),
        **on_hosts(cloud, now),
    }


def on_hosts(cloud: ComputeCloud, server: Server) -> dict[str, Any]:
    """What the hosts have of a server, and whether anything is where it should not be."""
    found: dict[str, Any] = {"guest": None, "guest disks": [], "guest ports": 0, "files": [], "strays": []}
    for world in cloud.worlds:
        guest, files = world.guests.get(server.id), world.disks.get(server.id, {})
        if world.host_id != server.host_id:
            found["strays"] += [world.hostname] if guest or files else []
            continue
        found["files"] = sorted(files)
        if guest is not None:
            found["guest"] = guest.state
            found["guest disks"] = sorted(disk.path.rpartition("/")[2] for disk in guest.spec.disks)
            found["guest ports"] = len(guest.spec.ports)
    return found


BUILT = {
    "state": "active",
    "task": None,
    "at home": True,
    "claims": {"here": ["DISK_GB", "MEMORY_MB", "VCPU"]},
    "ports": ["here"],
    "volumes": [],
    "disks": [("config", True), ("root", True)],
    "used": (1, 1, 512),
    "guest": "running",
    "guest disks": ["config", "root"],
    "guest ports": 1,
    "files": ["config", "root"],
    "strays": [],
}
FAILED = {
    **BUILT,
    "state": "error",
    "at home": False,
    "claims": {},
    "ports": [],
    "disks": [],
    "guest": None,
    "guest disks": [],
    "guest ports": 0,
    "files": [],
}
GONE = {**FAILED, "state": "deleted", "used": (0, 0, 0)}


@asynccontextmanager
async def world() -> AsyncIterator[Any]:
    async with compute_cloud(hosts=2) as cloud:
        yield cloud


async def begin(cloud: Any) -> None:
    cloud.made = (await cloud.ask(config_drive=True)).servers[0]


async def look(cloud: Any) -> dict[str, Any]:
    return await snapshot(cloud, cloud.made)


async def nudge(cloud: ComputeCloud) -> None:
    await cloud.nudge()


CREATE = Scenario(
    setup=world,
    start=begin,
    snapshot=look,
    finished=BUILT,
    undone=FAILED,
    errors=(HostRefused("This host does not want to."),),
    nudge=nudge,
)
