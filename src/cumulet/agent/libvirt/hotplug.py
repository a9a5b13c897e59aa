"""Disks and ports of running guests.

The next start is defined anew anyway, so the definition need not change. Ports are kept in it all the same: a guest that is off
still has its taps, and whoever destroys it must know of them.
"""

from __future__ import annotations

from typing import Any

import libvirt

from cumulet.contract.guests import DiskSpec, PortSpec

from ..refusals import Refusal
from . import devices, reading
from .connection import find
from .guests import Stage

_ATTEMPTS = 2
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
