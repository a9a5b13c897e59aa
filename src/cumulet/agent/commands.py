"""What each command does: one table, and the rules that hold on every kind of host.

`Entry.guards` names the object whose epoch the command must not be behind; `part` tells apart commands that one workflow step
sends with the same key. Queries have neither. What is answered `always` is answered by a host that refuses work, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from cumulet.contract import commands as c
from cumulet.contract.claims import refusal
from cumulet.contract.guests import GuestSpec

from .host import Host
from .journal import Journal
from .refusals import Refusal


class Credentials(Struct, frozen=True):
    """What a welcomed agent knows of itself."""

    host_id: str
    claim_key: bytes


class Order(Struct, frozen=True):
    """A command on its way to the host.

    `key` is remembered as what made an object; `fence(resource, epoch)` refuses an epoch that a later one has followed.
    `credentials` are None while the host refuses work.
    """

    command: Any
    key: str
    credentials: Credentials | None
    fence: Callable[[str, int], Awaitable[None]]
    journal: Journal


class Entry(Struct, frozen=True):
    """One row of the table."""

    run: Callable[[Host, Order], Awaitable[c.Reply]]
    guards: Callable[[Any], str] | None = None
    part: Callable[[Any], str] = lambda _: ""
    always: bool = False


def _server(command: Any) -> str:
    return f"server/{command.server_id}"


def _volume(command: Any) -> str:
    return f"volume/{command.volume_id}"


def _guest(command: c.StartGuest) -> str:
    return f"server/{command.guest.server_id}"


def _owner(command: c.SetAside) -> str:
    return f"owner/{command.owner}"


def _object(command: Any) -> str:
    return f"object/{command.object_id}"


async def _create_root(host: Host, order: Order) -> c.Reply:
    return await host.disks.create_root(order.command, order.key)


async def _create_blank(host: Host, order: Order) -> c.Reply:
    return await host.disks.create_blank(order.command, order.key)


async def _create_config_drive(host: Host, order: Order) -> c.Reply:
    return await host.disks.create_config_drive(order.command, order.key)


async def _create_volume(host: Host, order: Order) -> c.Reply:
    return await host.disks.create_volume(order.command, order.key)


async def _copy_volume(host: Host, order: Order) -> c.Reply:
    command: c.CopyVolume = order.command
    user = await host.guests.user_of(command.source_id)

    async def under_guest(target: Path) -> None:
        await host.guests.copy_disk(user or "", command.source_id, target)

    return await host.disks.copy_volume(command, order.key, under_guest if user is not None else None)


async def _export_root(host: Host, order: Order) -> c.Reply:
    command: c.ExportRootDisk = order.command
    runs = await host.guests.running(command.server_id)

    async def under_guest(target: Path) -> None:
        await host.guests.copy_root(command.server_id, target)

    return await host.disks.export_root(command, order.key, under_guest if runs else None)


async def _read_export(host: Host, order: Order) -> c.Reply:
    return await host.disks.read_export(order.command)


async def _undo_volume(host: Host, order: Order) -> c.Reply:
    await host.disks.undo(order.command.volume_id, order.command.created_by)
    return c.Done()


async def _undo_disks(host: Host, order: Order) -> c.Reply:
    await _refuse_if_running(host, order.command.server_id)
    await host.disks.undo(order.command.server_id, order.command.created_by)
    return c.Done()


async def _quarantine_disks(host: Host, order: Order) -> c.Reply:
    await _refuse_if_running(host, order.command.server_id)
    await host.disks.quarantine_server(order.command.server_id)
    return c.Done()


async def _refuse_if_running(host: Host, server_id: str) -> None:
    if await host.guests.running(server_id):
        raise Refusal(f"Server {server_id} still runs here: its disks stay.", code="in_use")


async def _extend_volume(host: Host, order: Order) -> c.Reply:
    command: c.ExtendVolume = order.command
    user = command.server_id or await host.guests.user_of(command.volume_id)
    if user is None or not await host.guests.resize_disk(user, command.volume_id, command.size_gb):
        await host.disks.extend_volume(command.volume_id, command.size_gb)
    return c.Done()


async def _quarantine_volume(host: Host, order: Order) -> c.Reply:
    volume_id = order.command.volume_id
    user = await host.guests.user_of(volume_id)
    if user is not None:
        raise Refusal(f"Guest {user} uses volume {volume_id}.", code="in_use")
    await host.disks.quarantine_volume(volume_id)
    return c.Done()


async def _start_guest(host: Host, order: Order) -> c.Reply:
    command: c.StartGuest = order.command
    assert order.credentials is not None, "only queries are answered by a host that refuses work"
    why = refusal(command.claim, command.guest, order.credentials.host_id, order.credentials.claim_key)
    if why is not None:
        raise Refusal(f"Server {command.guest.server_id} does not start: {why}.", code="no_claim")
    await order.fence(f"claim/{command.guest.server_id}", command.claim.epoch)
    await host.disks.require(command.guest.server_id, command.guest.disks)
    await _require_devices(host, command.guest)
    await host.guests.start(command.guest)
    return c.Done()


async def _require_devices(host: Host, guest: GuestSpec) -> None:
    """Only what the operator lets guests have, and what is there."""
    wanted = {device.address for device in guest.devices}
    missing = wanted - {device.address for device in (await host.free()).devices} if wanted else set()
    if missing:
        raise Refusal(f"Server {guest.server_id} does not start: no device {', '.join(sorted(missing))}.", code="device_missing")


async def _stop_guest(host: Host, order: Order) -> c.Reply:
    await host.guests.stop(order.command.server_id, order.command.grace)
    return c.Done()


async def _destroy_guest(host: Host, order: Order) -> c.Reply:
    await host.guests.destroy(order.command.server_id)
    return c.Done()


async def _attach_disk(host: Host, order: Order) -> c.Reply:
    command: c.AttachDisk = order.command
    if await host.guests.running(command.server_id):
        await host.disks.require(command.server_id, [command.disk])
        await host.guests.attach_disk(command.server_id, command.disk)
    return c.Done()


async def _detach_disk(host: Host, order: Order) -> c.Reply:
    await host.guests.detach_disk(order.command.server_id, order.command.disk_id)
    return c.Done()


async def _attach_port(host: Host, order: Order) -> c.Reply:
    await host.guests.attach_port(order.command.server_id, order.command.port)
    return c.Done()


async def _detach_port(host: Host, order: Order) -> c.Reply:
    await host.guests.detach_port(order.command.server_id, order.command.port_id)
    return c.Done()


async def _read_console(host: Host, order: Order) -> c.Reply:
    return c.Console(await host.guests.console(order.command.server_id, order.command.lines))


async def _list_guests(host: Host, order: Order) -> c.Reply:
    return c.Guests(await host.guests.list(measured=True))


async def _describe_host(host: Host, order: Order) -> c.Reply:
    return await host.facts()


async def _list_quarantine(host: Host, order: Order) -> c.Reply:
    return c.Quarantine(await host.disks.quarantined())


async def _take_stock(host: Host, order: Order) -> c.Reply:
    guests, disks = await host.guests.list(), await host.disks.in_place()
    return c.Stock(guests, disks, await host.disks.quarantined(), await order.journal.epochs())


async def _set_aside(host: Host, order: Order) -> c.Reply:
    owner = order.command.owner
    await _refuse_if_running(host, owner)
    user = await host.guests.user_of(owner)
    if user is not None:
        raise Refusal(f"Guest {user} uses volume {owner}.", code="in_use")
    await host.disks.set_aside(owner)
    return c.Done()


async def _release(host: Host, order: Order) -> c.Reply:
    await host.disks.release(order.command.object_id)
    return c.Done()


async def _purge(host: Host, order: Order) -> c.Reply:
    await host.disks.purge(order.command.object_id)
    return c.Done()


TABLE: dict[type, Entry] = {
    c.CreateRootDisk: Entry(_create_root, _server),
    c.CreateBlankDisk: Entry(_create_blank, _server, lambda command: command.label),
    c.CreateConfigDrive: Entry(_create_config_drive, _server),
    c.UndoDisks: Entry(_undo_disks, _server, lambda command: command.created_by),
    c.QuarantineDisks: Entry(_quarantine_disks, _server),
    c.CreateVolume: Entry(_create_volume, _volume),
    c.CopyVolume: Entry(_copy_volume, _volume),
    c.UndoVolume: Entry(_undo_volume, _volume, lambda command: command.created_by),
    c.ExtendVolume: Entry(_extend_volume, _volume),
    c.QuarantineVolume: Entry(_quarantine_volume, _volume),
    c.StartGuest: Entry(_start_guest, _guest),
    c.StopGuest: Entry(_stop_guest, _server),
    c.DestroyGuest: Entry(_destroy_guest, _server),
    c.AttachDisk: Entry(_attach_disk, _server, lambda command: command.disk.disk_id),
    c.DetachDisk: Entry(_detach_disk, _server, lambda command: command.disk_id),
    c.AttachPort: Entry(_attach_port, _server, lambda command: command.port.port_id),
    c.DetachPort: Entry(_detach_port, _server, lambda command: command.port_id),
    c.ExportRootDisk: Entry(_export_root, _server),
    c.ReadExport: Entry(_read_export),
    c.ReadConsole: Entry(_read_console),
    c.ListGuests: Entry(_list_guests),
    c.DescribeHost: Entry(_describe_host),
    c.ListQuarantine: Entry(_list_quarantine),
    c.TakeStock: Entry(_take_stock, always=True),
    c.SetAside: Entry(_set_aside, _owner),
    c.ReleaseObject: Entry(_release, _object),
    c.PurgeObject: Entry(_purge, _object),
}
