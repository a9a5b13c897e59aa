"""Make a volume: choose a host, have its agent make the file."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ...contract.agents import AgentRefused
from ...contract.commands import CreateVolume, Disk, QuarantineVolume
from ...contract.guests import ImageSource
from ...kernel.db import Tx
from ...kernel.errors import NoCapacity, NotFound, Unavailable
from ...kernel.workflow import Call, Failure, Workflow, command, minutes, step, workflow
from ...placement.operations import hosts
from ..store import volumes

COPY_SECONDS = 1800.0


class Order(Struct, frozen=True):
    """What is to be made where."""

    volume_id: str
    host_id: str
    size_gb: int
    image: ImageSource | None


@step
async def choose_host(tx: Tx, volume_id: str, host_id: str | None, image: ImageSource | None) -> Order:
    """The host with the most free space, or the one demanded. Raises NoCapacity with the figures."""
    volume = await volumes.find(tx, volume_id)
    if volume is None:
        raise NotFound(f"Volume {volume_id} could not be found.")
    known = [host for host in await hosts.alive(tx) if host.enabled and host_id in (None, host.id)]
    if not known:
        raise NoCapacity("No valid host was found: no host for volumes is up and enabled.")
    best = max(known, key=lambda host: host.facts.free_disk_gb)
    if best.facts.free_disk_gb < volume.size_gb:
        free = f"the best host has {best.facts.free_disk_gb} GiB free"
        raise NoCapacity(f"No valid host was found: the volume needs {volume.size_gb} GiB, {free}.", internal=best.hostname)
    await volumes.save(tx, msgspec.structs.replace(volume, host_id=best.id, updated_at=tx.stamp))
    return Order(volume_id, best.id, volume.size_gb, image)


@command
async def make(call: Call, order: Order) -> Disk:
    """Have the agent make the file."""
    wanted = CreateVolume(order.volume_id, order.size_gb, order.image)
    try:
        reply = await call.services.agents.send(order.host_id, wanted, key=call.key, epoch=1, timeout=COPY_SECONDS)
    except AgentRefused as problem:
        raise Unavailable(f"The volume could not be made: {problem.message}", code=problem.code) from None
    assert isinstance(reply, Disk)
    return reply


@command
async def unmake(call: Call, order: Order) -> None:
    """Quarantine what was made, if anything was."""
    await call.services.agents.send(order.host_id, QuarantineVolume(order.volume_id), key=call.key, epoch=1)


@step
async def mark_available(tx: Tx, volume_id: str, disk: Disk) -> None:
    """The volume can be used."""
    volume = await volumes.find(tx, volume_id)
    if volume is not None:
        made = {"path": disk.path, "format": disk.format, "status": "available", "updated_at": tx.stamp}
        await volumes.save(tx, msgspec.structs.replace(volume, **made))


@step
async def mark_error(tx: Tx, volume_id: str, host_id: str | None, image: ImageSource | None, failure: Failure) -> None:
    """Nothing is left of it but the row, which says why."""
    volume = await volumes.find(tx, volume_id)
    if volume is not None:
        changed = {"status": "error", "fault": failure.message, "host_id": None, "updated_at": tx.stamp}
        await volumes.save(tx, msgspec.structs.replace(volume, **changed))


@workflow(resource="volume", deadline=minutes(60), on_failure=mark_error)
async def create_volume(wf: Workflow, volume_id: str, host_id: str | None, image: ImageSource | None) -> None:
    """Choose a host, make the file."""
    order = await wf.step(choose_host, volume_id, host_id, image)
    disk = await wf.step(make, order, undo=unmake)
    await wf.finish(mark_available, volume_id, disk)
