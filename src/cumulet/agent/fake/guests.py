"""Guests that are states."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from cumulet.contract.commands import (
    AttachDisk,
    AttachPort,
    DestroyGuest,
    DetachDisk,
    DetachPort,
    Guest,
    ReadConsole,
    StartGuest,
    StopGuest,
)
from cumulet.contract.guests import DiskSpec, GuestSpec, PortSpec

from ..refusals import Refusal
from .console import boot_lines
from .disks import FakeDisks
from .world import FakeGuest, World

_ALIVE = ("running", "paused", "suspended")


class FakeGuests:
    """Implements `agent.host.Guests`."""

    def __init__(self, world: World, disks: FakeDisks) -> None:
        self._world = world
        self._disks = disks

    def _alive(self, server_id: str) -> FakeGuest | None:
        guest = self._world.guests.get(server_id)
        return guest if guest is not None and guest.state in _ALIVE else None

    async def start(self, guest: GuestSpec) -> None:
        """Start it; done already if it runs."""
        await self._world.faults.meet(StartGuest)
        there = self._world.guests.get(guest.server_id)
        if there is not None and there.state in _ALIVE:
            return
        for port in guest.ports:
            self._world.ports[port.port_id] = port
        boots = there.boots + 1 if there is not None else 1
        self._world.guests[guest.server_id] = FakeGuest(guest, "running", boots)

    async def stop(self, server_id: str, grace: float) -> None:
        """Shut it down."""
        await self._world.faults.meet(StopGuest)
        guest = self._alive(server_id)
        if guest is not None:
            guest.state = "shutdown"

    async def destroy(self, server_id: str) -> None:
        """Power it off and forget it."""
        await self._world.faults.meet(DestroyGuest)
        guest = self._world.guests.pop(server_id, None)
        for port in guest.spec.ports if guest else ():
            self._world.ports.pop(port.port_id, None)

    async def attach_disk(self, server_id: str, disk: DiskSpec) -> None:
        """Hot-plug a disk, if the guest runs and has it not."""
        await self._world.faults.meet(AttachDisk)
        guest = self._alive(server_id)
        if guest is not None and all(d.disk_id != disk.disk_id for d in guest.spec.disks):
            guest.spec = replace(guest.spec, disks=[*guest.spec.disks, disk])

    async def detach_disk(self, server_id: str, disk_id: str) -> None:
        """Unplug a disk."""
        await self._world.faults.meet(DetachDisk)
        guest = self._alive(server_id)
        if guest is not None:
            guest.spec = replace(guest.spec, disks=[d for d in guest.spec.disks if d.disk_id != disk_id])

    async def attach_port(self, server_id: str, port: PortSpec) -> None:
        """Hot-plug a port, if the guest runs and has it not."""
        await self._world.faults.meet(AttachPort)
        guest = self._alive(server_id)
        if guest is not None and all(p.port_id != port.port_id for p in guest.spec.ports):
            guest.spec = replace(guest.spec, ports=[*guest.spec.ports, port])
            self._world.ports[port.port_id] = port

    async def detach_port(self, server_id: str, port_id: str) -> None:
        """Unplug a port and remove its tap."""
        await self._world.faults.meet(DetachPort)
        guest = self._world.guests.get(server_id)
        if guest is not None:
            guest.spec = replace(guest.spec, ports=[p for p in guest.spec.ports if p.port_id != port_id])
        self._world.ports.pop(port_id, None)

    async def resize_disk(self, server_id: str, volume_id: str, size_gb: int) -> bool:
        """Grow a volume in the running guest."""
        guest = self._alive(server_id)
        if guest is None or all(disk.volume_id != volume_id for disk in guest.spec.disks):
            return False
        self._disks.grow(volume_id, size_gb)
        return True

    async def copy_disk(self, server_id: str, volume_id: str, target: Path) -> None:
        """Nothing is in it, so nothing is to be copied."""
        guest = self._alive(server_id)
        if guest is None or all(disk.volume_id != volume_id for disk in guest.spec.disks):
            raise Refusal(f"Guest {server_id} has no volume {volume_id}.", code="guest_missing")

    async def copy_root(self, server_id: str, target: Path) -> None:
        """The same for its root disk."""
        if self._alive(server_id) is None:
            raise Refusal(f"Server {server_id} has no guest here.", code="guest_missing")

    async def console(self, server_id: str, lines: int | None) -> str:
        """The end of what a booting Linux would have written."""
        await self._world.faults.meet(ReadConsole)
        guest = self._world.guests.get(server_id)
        if guest is None:
            raise Refusal(f"Server {server_id} has no guest here.", code="guest_missing")
        written = boot_lines(guest.spec) * guest.boots
        kept = written if lines is None else written[max(0, len(written) - lines) :]
        return "\n".join(kept)

    async def running(self, server_id: str) -> bool:
        """Whether the guest has memory now."""
        return self._alive(server_id) is not None

    async def user_of(self, volume_id: str) -> str | None:
        """The running guest that has this volume."""
        for server_id, guest in self._world.guests.items():
            if guest.state in _ALIVE and any(disk.volume_id == volume_id for disk in guest.spec.disks):
                return server_id
        return None

    async def list(self, measured: bool = False) -> list[Guest]:
        """Every guest, ours or not."""
        return [guest.seen() for guest in self._world.guests.values()] + self._world.strangers
