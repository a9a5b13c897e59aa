"""One hot-plug command each."""

from __future__ import annotations

from ....contract.commands import AttachDisk, AttachPort, DetachDisk, DetachPort
from ....contract.guests import DiskSpec, PortSpec
from ....kernel.workflow import Call, command
from ..steps.commands import send
from ..steps.home import Home


@command
async def plug_disk(call: Call, server_id: str, home: Home, disk: DiskSpec) -> None:
    """Give the running guest a disk; nothing if it is off."""
    await send(call, home, AttachDisk(server_id, disk))


@command
async def unplug_attached(call: Call, server_id: str, home: Home, disk: DiskSpec) -> None:
    """Undo `plug_disk`."""
    await send(call, home, DetachDisk(server_id, disk.disk_id))


@command
async def unplug_disk(call: Call, server_id: str, home: Home, disk: DiskSpec) -> None:
    """Take a disk from the guest, and wait until it has let go."""
    await send(call, home, DetachDisk(server_id, disk.disk_id), timeout=120.0)


@command
async def replug_disk(call: Call, server_id: str, home: Home, disk: DiskSpec) -> None:
    """Undo `unplug_disk`."""
    await send(call, home, AttachDisk(server_id, disk))


@command
async def plug_port(call: Call, server_id: str, home: Home, port: PortSpec) -> None:
    """Give the running guest an interface; nothing if it is off."""
    await send(call, home, AttachPort(server_id, port))


@command
async def unplug_added(call: Call, server_id: str, home: Home, port: PortSpec) -> None:
    """Undo `plug_port`."""
    await send(call, home, DetachPort(server_id, port.port_id))


@command
async def unplug_port(call: Call, server_id: str, home: Home, port: PortSpec) -> None:
    """Take an interface from the guest."""
    await send(call, home, DetachPort(server_id, port.port_id), timeout=120.0)


@command
async def replug_port(call: Call, server_id: str, home: Home, port: PortSpec) -> None:
    """Undo `unplug_port`."""
    await send(call, home, AttachPort(server_id, port))
