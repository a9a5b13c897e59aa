"""Guests under libvirt: start, stop, destroy, list."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import libvirt
from msgspec import Struct

from cumulet.contract.commands import Guest
from cumulet.contract.guests import GuestSpec

from ..host import Switch
from ..refusals import Refusal
from . import console, reading, strays
from .connection import Connection, find, is_active
from .devices import Surroundings
from .domain import console_log, domain, name_of

log = logging.getLogger(__name__)

_ACPI_AGAIN = 10.0  # seconds: a guest that is still booting does not hear the button
_FORGET = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)


class Stage(Struct):
    """What guests need of their host.

    `process_ids` is where libvirt writes them, `namespace` the network namespace that guests run in; `around` is known once the
    host is up.
    """

    connection: Connection
    switch: Switch
    process_ids: Path
    namespace: Path
    around: Surroundings


async def start(stage: Stage, guest: GuestSpec) -> None:
    """Plug the ports, define, create. Done already if it runs; a failure leaves no definition and no port that was not there."""
    known = await stage.connection.run(lambda connection: _is_known(connection, guest.server_id))
    if await running(stage, guest.server_id):
        return
    try:
        for port in guest.ports:
            await stage.switch.plug(port)
        text = domain(guest, stage.around)
        await stage.connection.run(lambda connection: connection.defineXML(text).create())
    except BaseException:
        if not known:
            await _clear_away(stage, guest)
        raise


def _is_known(connection: Any, server_id: str) -> bool:
    return find(connection, server_id) is not None


async def _clear_away(stage: Stage, guest: GuestSpec) -> None:
    """Undo a first start that failed. What cannot be undone now is destroyed with the server."""
    try:
        await stage.connection.run(lambda connection: _undefine_if_off(connection, guest.server_id))
        for port in guest.ports:
            await stage.switch.unplug(port.port_id)
    except Exception:
        log.exception("the failed start of server %s left something behind", guest.server_id)


def _undefine_if_off(connection: Any, server_id: str) -> None:
    found = find(connection, server_id)
    if found is not None and not found.isActive():
        found.undefineFlags(_FORGET)


async def stop(stage: Stage, server_id: str, grace: float) -> None:
    """Press the power button, again every ten seconds, and pull the plug after `grace` seconds."""

    async def is_off() -> bool:
        return not await running(stage, server_id)

    while grace > 0 and not await is_off():
        await stage.connection.run(lambda connection: _press_button(connection, server_id))
        if await stage.connection.until(is_off, min(grace, _ACPI_AGAIN)):
            return
        grace -= _ACPI_AGAIN
    await stage.connection.run(lambda connection: _pull_plug(connection, server_id))


def _press_button(connection: Any, server_id: str) -> None:
    found = find(connection, server_id)
    if found is not None:
        _unless_off(found.shutdownFlags, libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)


def _pull_plug(connection: Any, server_id: str) -> None:
    found = find(connection, server_id)
    if found is not None:
        _unless_off(found.destroy)


def _unless_off(act: Any, *arguments: Any) -> None:
    """libvirt refuses what needs a running guest; off is what we want."""
    try:
        act(*arguments)
    except libvirt.libvirtError as problem:
        if problem.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID:
            raise


async def destroy(stage: Stage, server_id: str) -> None:
    """Off, ports unplugged, forgotten: in this order, so that a repetition finds what is left to do."""
    ports = await stage.connection.run(lambda connection: _ports(connection, server_id))
    await stage.connection.run(lambda connection: _pull_plug(connection, server_id))
    for port_id in ports:
        await stage.switch.unplug(port_id)
    await stage.connection.run(lambda connection: _undefine_if_off(connection, server_id))
    await asyncio.to_thread(console.remove, Path(console_log(stage.around, server_id)))


def _ports(connection: Any, server_id: str) -> set[str]:
    """The ports that the guest has now, and those that it has when it is off."""
    found = find(connection, server_id)
    flags = (0, libvirt.VIR_DOMAIN_XML_INACTIVE) if found is not None else ()
    return {port_id for flag in flags for port_id in reading.ports_of(found.XMLDesc(flag))}


async def running(stage: Stage, server_id: str) -> bool:
    """Whether the guest has memory now."""
    return await stage.connection.run(lambda connection: is_active(connection, server_id))


async def every(stage: Stage, measured: bool = False) -> list[Guest]:
    """Every guest, ours or not, libvirt's or not (C9); `measured` reads each one's page tables."""
    listed, known = await stage.connection.run(lambda connection: _every(connection, stage.process_ids, measured))
    return listed + await asyncio.to_thread(strays.find, known, stage.namespace)


def _every(connection: Any, process_ids: Path, measured: bool) -> tuple[list[Guest], set[int]]:
    guests, known = [], set()
    for found in connection.listAllDomains():
        pid = reading.process_id(process_ids / f"{found.name()}.pid")
        known |= {pid} if pid is not None else set()
        try:
            guests.append(_seen(found, pid, measured))
        except libvirt.libvirtError as problem:
            if problem.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:  # gone while we looked
                raise
    return guests, known


def _seen(found: Any, pid: int | None, measured: bool) -> Guest:
    name, server_id = found.name(), reading.server_of(found.name(), found.UUIDString())
    state, memory_kib, _, vcpus, _ = found.info()
    meaning = reading.state_of(state, found.state()[1])
    rss = reading.resident_mb(pid) if meaning in reading.ALIVE else 0
    pss = reading.proportional_mb(pid) if measured and rss else 0
    return Guest(name, meaning, vcpus, memory_kib // 1024, server_id, rss, pss)


async def read_console(stage: Stage, server_id: str, lines: int | None) -> str:
    """The end of the serial log. Refuses with guest_missing."""
    if not await stage.connection.run(lambda connection: _is_known(connection, server_id)):
        raise Refusal(f"Server {server_id} has no guest here.", code="guest_missing")
    return await asyncio.to_thread(console.read, Path(console_log(stage.around, server_id)), lines)


__all__ = ["Stage", "destroy", "every", "name_of", "read_console", "running", "start", "stop"]
