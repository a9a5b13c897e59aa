"""Disks and ports of running guests.

The next start is defined anew anyway, so the definition need not change. Ports are kept in it all the same: a guest that is off
still has its taps, and whoever destroys it must know of them.
"""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

import libvirt

from cumulet.contract.guests import DiskSpec, PortSpec

from ..refusals import Refusal
from . import devices, reading
from .connection import find
from .guests import Stage

_ATTEMPTS = 2
_COPYING = 4 * 3600.0  # seconds
_LIVE, _BOTH = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG
_RESIZE_IN_BYTES = libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES


async def attach_disk(stage: Stage, server_id: str, disk: DiskSpec) -> None:
    """Plug a disk in. Done already if the guest has it, or is off."""
    if not await stage.connection.run(lambda connection: _lacks(connection, server_id, disk.disk_id)):
        return
    text = devices.text(devices.disk(disk, stage.around))
    await stage.connection.run(lambda connection: _attach(connection, server_id, text, _LIVE))


async def attach_port(stage: Stage, server_id: str, port: PortSpec) -> None:
    """Make the port's tap and plug it in. Done already if the guest has it, or is off."""
    if not await stage.connection.run(lambda connection: _lacks(connection, server_id, port.port_id)):
        return
    await stage.switch.plug(port)
    text = devices.text(devices.port(port, stage.around))
    try:
        await stage.connection.run(lambda connection: _attach(connection, server_id, text, _BOTH))
    except BaseException:
        await stage.switch.unplug(port.port_id)
        raise


async def detach(stage: Stage, server_id: str, name: str, patience: float) -> None:
    """Ask the guest to let go of a device, twice, and wait. Done already if it has it not. Raises the Refusal detach_refused."""

    async def is_gone() -> bool:
        return not await stage.connection.run(lambda connection: _has(connection, server_id, name))

    for _ in range(_ATTEMPTS):
        if await is_gone():
            return
        await stage.connection.run(lambda connection: _ask_to_let_go(connection, server_id, name))
        if await stage.connection.until(is_gone, patience / _ATTEMPTS):
            return
    raise Refusal(f"Server {server_id} did not let go of {name} within {patience:g} s.", code="detach_refused")


async def forget(stage: Stage, server_id: str, name: str) -> None:
    """Take a device out of the guest's definition, if it is there."""
    await stage.connection.run(lambda connection: _forget(connection, server_id, name))


async def resize_disk(stage: Stage, server_id: str, path: str, size: int) -> bool:
    """Make a running guest's disk `size` bytes large; False if it has no such disk, or is off."""
    return await stage.connection.run(lambda connection: _resize(connection, server_id, path, size))


async def user_of(stage: Stage, path: str) -> str | None:
    """The server whose running guest has this file as a disk, or the name of a guest that is not ours."""
    return await stage.connection.run(lambda connection: _user_of(connection, path))


def _live(connection: Any, server_id: str) -> Any:
    found = find(connection, server_id)
    return found if found is not None and found.isActive() else None


def _has(connection: Any, server_id: str, name: str) -> bool:
    found = _live(connection, server_id)
    return found is not None and reading.has_device(found.XMLDesc(), name)


def _lacks(connection: Any, server_id: str, name: str) -> bool:
    found = _live(connection, server_id)
    return found is not None and not reading.has_device(found.XMLDesc(), name)


def _attach(connection: Any, server_id: str, text: str, flags: int) -> None:
    found = _live(connection, server_id)
    if found is not None:
        found.attachDeviceFlags(text, flags)


def _ask_to_let_go(connection: Any, server_id: str, name: str) -> None:
    found = _live(connection, server_id)
    if found is None:
        return
    try:
        found.detachDeviceAlias(devices.alias(name), _LIVE)
    except libvirt.libvirtError as problem:
        # QEMU refuses to ask twice while the first request is pending: that one still counts.
        if "already in the process of unplug" not in str(problem):
            raise


def _forget(connection: Any, server_id: str, name: str) -> None:
    found = find(connection, server_id)
    if found is not None and reading.has_device(found.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), name):
        found.detachDeviceAlias(devices.alias(name), libvirt.VIR_DOMAIN_AFFECT_CONFIG)


def _resize(connection: Any, server_id: str, path: str, size: int) -> bool:
    found = _live(connection, server_id)
    target = reading.target_of(found.XMLDesc(), path) if found is not None else None
    if target is None:
        return False
    if found.blockInfo(target)[0] < size:
        found.blockResize(target, size, _RESIZE_IN_BYTES)
    return True


def _user_of(connection: Any, path: str) -> str | None:
    for found in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        if reading.target_of(found.XMLDesc(), path) is not None:
            return reading.server_of(found.name(), found.UUIDString()) or str(found.name())
    return None


async def copy_disk(stage: Stage, server_id: str, path: str, target: Path) -> None:
    """Write what the disk `path` of a running guest holds now to the qcow2 file `target`.

    A push backup: the guest goes on meanwhile. One to the same file that an earlier agent began is ended first. Raises Refusal:
    guest_missing, in_use while something else is done to the guest, failed. https://libvirt.org/formatbackup.html
    """

    async def is_idle() -> bool:
        return not await stage.connection.run(lambda connection: _is_busy(connection, server_id))

    await stage.connection.run(lambda connection: _abort_own(connection, server_id, target))
    await stage.connection.until(is_idle, 30)
    await asyncio.to_thread(target.unlink, missing_ok=True)
    try:
        await stage.connection.run(lambda connection: _begin(connection, server_id, path, target))
        if not await stage.connection.until(is_idle, _COPYING):
            raise Refusal(f"Copying a disk of server {server_id} took longer than {_COPYING:g} s.")
    except BaseException:
        await stage.connection.run(lambda connection: _abort_own(connection, server_id, target))
        raise
    if not await stage.connection.run(lambda connection: _succeeded(connection, server_id)):
        raise Refusal(f"A disk of server {server_id} could not be copied; the guest may have ended meanwhile.")


def _is_busy(connection: Any, server_id: str) -> bool:
    found = _live(connection, server_id)
    return found is not None and bool(found.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE)


def _abort_own(connection: Any, server_id: str, target: Path) -> None:
    found = _live(connection, server_id)
    if found is None:
        return
    try:
        going_on = xml.fromstring(found.backupGetXMLDesc())
    except libvirt.libvirtError as problem:
        if problem.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_BACKUP:
            raise
        return
    if any(file.get("file") == str(target) for file in going_on.iterfind("disks/disk/target")):
        found.abortJob()


def _begin(connection: Any, server_id: str, path: str, target: Path) -> None:
    found = _live(connection, server_id)
    definition = found.XMLDesc() if found is not None else "<domain/>"
    device = reading.target_of(definition, path)
    if found is None or device is None:
        raise Refusal(f"Server {server_id} does not run, or has no such disk.", code="guest_missing")
    if found.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
        raise Refusal(f"Server {server_id} is being copied or moved.", code="in_use")
    found.backupBegin(_order(definition, device, target), None)


def _order(definition: str, device: str, target: Path) -> str:
    """The backup of one disk; each other one is named too, or libvirt would copy it as well."""
    backup = xml.Element("domainbackup", mode="push")
    disks = xml.SubElement(backup, "disks")
    for name in reading.disk_targets(definition):
        chosen = name == device
        disk = xml.SubElement(disks, "disk", name=name, backup="yes" if chosen else "no")
        if chosen:
            disk.set("type", "file")
            xml.SubElement(disk, "target", file=str(target))
            xml.SubElement(disk, "driver", type="qcow2")
    return xml.tostring(backup, encoding="unicode")


def _succeeded(connection: Any, server_id: str) -> bool:
    found = _live(connection, server_id)
    if found is None:
        return False
    stats = found.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    return bool(stats.get("type") == libvirt.VIR_DOMAIN_JOB_COMPLETED and stats.get("success", True))
