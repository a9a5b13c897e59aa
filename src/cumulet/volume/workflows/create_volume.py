"""Make a volume: choose a host, have its agent make the file."""

from __future__ import annotations

from msgspec import Struct

from ...contract.commands import CopyVolume, CreateVolume, Disk, UndoVolume
from ...kernel.db import Tx
from ...kernel.errors import NoCapacity, NotFound
from ...kernel.workflow import Call, Failure, Workflow, command, minutes, step, workflow
from ...placement.operations import hosts
from ..model import Content, HostSettings, Volume
from ..rules import types as rules
from ..store import hosts as settings
from ..store import types, volumes
from . import sending
from .delete_volume import delete_if_asked


class Order(Struct, frozen=True):
    """What is to be made where."""

    volume_id: str
    host_id: str
    size_gb: int
    content: Content


@step
async def choose_host(tx: Tx, volume_id: str, host_id: str | None, content: Content) -> Order:
    """The host with the most free space, or the one demanded. Raises NoCapacity with the figures."""
    volume = await volumes.find(tx, volume_id)
    kind = await types.find(tx, volume.type_id) if volume else None
    if volume is None or kind is None:
        raise NotFound(f"Volume {volume_id} could not be found.")
    told, zones = await settings.settings(tx), rules.zones(kind.extra_specs)
    best = _best(volume, [h for h in await hosts.alive(tx) if host_id in (None, h.id) and _may_take(h, told, zones)])
    await volumes.change(tx, volume_id, host_id=best.id, zone=best.zone)
    return Order(volume_id, best.id, volume.size_gb, content)


def _may_take(host: hosts.Host, told: dict[str, HostSettings], zones: list[str] | None) -> bool:
    known = told.get(host.id, HostSettings(host.id))
    return host.enabled and known.enabled and not known.frozen and (zones is None or host.zone in zones)


def _best(volume: Volume, known: list[hosts.Host]) -> hosts.Host:
    here = [host for host in known if volume.zone in ("", host.zone)]
    if not here:
        where = f" in zone {volume.zone}" if volume.zone else ""
        raise NoCapacity(f"No valid host was found: no host for such volumes is up and enabled{where}.")
    best = max(here, key=lambda host: host.facts.free_disk_gb)
    if best.facts.free_disk_gb < volume.size_gb:
        free = f"the best host has {best.facts.free_disk_gb} GiB free"
        raise NoCapacity(f"No valid host was found: the volume needs {volume.size_gb} GiB, {free}.", internal=best.hostname)
    return best


@command
async def make(call: Call, order: Order) -> Disk:
    """Have the agent make the file. Raises Unavailable."""
    source = order.content.snapshot_id or order.content.source_id
    if source is not None:
        return await sending.make(call, order.host_id, CopyVolume(order.volume_id, source, order.size_gb))
    return await sending.make(call, order.host_id, CreateVolume(order.volume_id, order.size_gb, order.content.image))


@command
async def unmake(call: Call, order: Order) -> None:
    """Quarantine what was made, if anything was, and nothing else (K2)."""
    await sending.send(call, order.host_id, UndoVolume(order.volume_id, call.undoes))


@step
async def mark_available(tx: Tx, volume_id: str, disk: Disk) -> None:
    """The volume can be used, unless it is to be deleted already."""
    await volumes.change(tx, volume_id, path=disk.path, format=disk.format)
    if not await volumes.move(tx, volume_id, "available", ("creating",)):
        await delete_if_asked(tx, volume_id)


@step
async def mark_error(tx: Tx, volume_id: str, host_id: str | None, content: Content, failure: Failure) -> None:
    """Nothing is left of it but the row, which says why; if it was to be deleted meanwhile, that goes too."""
    await volumes.change(tx, volume_id, host_id=None, fault=failure.message)
    if not await volumes.move(tx, volume_id, "error", ("creating",)):
        await delete_if_asked(tx, volume_id)


@workflow(resource="volume", deadline=minutes(60), on_failure=mark_error)
async def create_volume(wf: Workflow, volume_id: str, host_id: str | None, content: Content) -> None:
    """Choose a host, make the file."""
    order = await wf.step(choose_host, volume_id, host_id, content)
    disk = await wf.step(make, order, undo=unmake)
    await wf.finish(mark_available, volume_id, disk)
