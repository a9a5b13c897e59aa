"""The machine behind a fake host. It outlives the agent, as disks and guests do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from cumulet.contract.commands import Cell, Device, Guest, PagePool, Quarantined
from cumulet.contract.guests import GuestSpec, PortSpec
from cumulet.kernel.clock import Clock, SystemClock
from cumulet.kernel.ids import new_uuid

from ..journal import MemoryJournal
from ..refusals import Refusal


class Capacity(Struct, frozen=True):
    """What the host has. Memory in MiB, disk in GiB."""

    vcpus: int = 64
    memory_mb: int = 256 * 1024
    disk_gb: int = 10 * 1024


class FakeDisk(Struct):
    """A disk that would have `size` bytes.

    `owner` is a server or a volume; `kind` is root, volume, config or an extra disk's label.
    """

    owner: str
    kind: str
    path: str
    format: str
    size: int
    created_by: str
    missing: bool = False


class FakeGuest(Struct):
    """A guest: its definition, its state as libvirt would tell it, and how often it has booted."""

    spec: GuestSpec
    state: str
    boots: int = 1

    def seen(self) -> Guest:
        """As the hypervisor reports it."""
        spec = self.spec
        rss = spec.memory_mb if self.state == "running" else 0
        return Guest(f"cumulet-{spec.server_id}", self.state, spec.vcpus, spec.memory_mb, spec.server_id, rss, rss)


Hook = Callable[[type], Awaitable[None]]


class Faults:
    """What goes wrong, on order."""

    def __init__(self) -> None:
        self._planned: dict[type, list[Refusal]] = {}
        self.hook: Hook | None = None

    def fail(self, command: type, times: int = 1, code: str = "failed", message: str = "Made to fail.") -> None:
        """Refuse the next `times` commands of this type."""
        self._planned.setdefault(command, []).extend(Refusal(message, code=code) for _ in range(times))

    async def meet(self, command: type) -> None:
        """Called before each command is carried out. Raises the Refusal that was planned."""
        if self.hook is not None:
            await self.hook(command)
        planned = self._planned.get(command)
        if planned:
            raise planned.pop(0)


class World:
    """One machine. Tests read it to see what is true, and change it as the outside world would."""

    def __init__(
        self,
        hostname: str = "fake",
        host_id: str | None = None,
        capacity: Capacity | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.hostname = hostname
        self.host_id = host_id or new_uuid()
        self.capacity = capacity or Capacity()
        self.booted_at = self.clock.now()
        self.boot = new_uuid()
        self.journal = MemoryJournal(self.clock.now)
        self.faults = Faults()
        self.guests: dict[str, FakeGuest] = {}
        self.strangers: list[Guest] = []
        self.disks: dict[str, dict[str, FakeDisk]] = {}  # by owner, then kind
        self.allocated = 0  # bytes of the disks above
        self.quarantine: list[Quarantined] = []
        self.put_away: dict[str, FakeDisk] = {}  # what is in quarantine, by object id
        self.ports: dict[str, PortSpec] = {}
        self.corrupt_images: set[str] = set()
        self.findings: list[str] = []
        self.pages: list[PagePool] = []
        self.cells: list[Cell] = []
        self.devices: list[Device] = []
        self.shared_cpus: list[int] = []
        self.dedicated_cpus: list[int] = []
        self.cached_mb = 0
        self.own_memory_mb = 0  # what the host itself uses
        self.changed = asyncio.Event()

    def crash(self, server_id: str) -> None:
        """The guest's process dies."""
        self._becomes(server_id, "crashed")

    def power_off(self, server_id: str) -> None:
        """The guest shuts itself down."""
        self._becomes(server_id, "shutdown")

    def _becomes(self, server_id: str, state: str) -> None:
        self.guests[server_id].state = state
        self.changed.set()

    def lose(self, path: str) -> None:
        """A disk's file vanishes behind the agent's back."""
        disk = self.disk_at(path)
        assert disk is not None, f"no disk at {path}"
        disk.missing = True

    def path(self, owner: str, kind: str) -> str:
        """Where a disk of this owner would be."""
        return f"/fake/{self.host_id}/{owner}/{kind}"

    def disk_at(self, path: str) -> FakeDisk | None:
        """The disk with this path."""
        owner, _, kind = path.removeprefix(f"/fake/{self.host_id}/").partition("/")
        return self.disks.get(owner, {}).get(kind)

    def add_stranger(self, name: str, memory_mb: int, vcpus: int = 1) -> None:
        """Somebody starts a guest by hand."""
        self.strangers.append(Guest(name, "running", vcpus, memory_mb, None, memory_mb))
        self.changed.set()

    @property
    def used_memory_mb(self) -> int:
        """The memory of what runs, ours or not, and of the host itself."""
        ours = sum(guest.spec.memory_mb for guest in self.guests.values() if guest.state == "running")
        return ours + sum(guest.memory_mb for guest in self.strangers) + self.own_memory_mb
