"""The fake host."""

from __future__ import annotations

import asyncio
import hashlib

from cumulet.contract.commands import DescribeHost, HostFacts

from ..host import Free
from .disks import GIB, FakeDisks
from .guests import FakeGuests
from .world import World


class FakeHost:
    """Implements `agent.host.Host` on a `World`. Several agents in a row may use one world, as restarts of a real agent do."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self._disks = FakeDisks(self.world)
        self._guests = FakeGuests(self.world, self._disks)

    @property
    def disks(self) -> FakeDisks:
        """Its disks."""
        return self._disks

    @property
    def guests(self) -> FakeGuests:
        """Its guests."""
        return self._guests

    @property
    def changed(self) -> asyncio.Event:
        """Set when the world changes by itself."""
        return self.world.changed

    @property
    def boot(self) -> str:
        """The world's."""
        return self.world.boot

    async def up(self) -> None:
        """It is."""

    async def down(self) -> None:
        """The world goes on."""

    async def heal(self) -> list[str]:
        """Tell what tests have made the world complain of."""
        found, self.world.findings = self.world.findings, []
        return found

    async def tidy(self) -> None:
        """Numbers need no tidying."""

    async def facts(self) -> HostFacts:
        """A plausible host."""
        world = self.world
        await world.faults.meet(DescribeHost)
        free = await self.free()
        return HostFacts(
            host_id=world.host_id,
            fingerprint=hashlib.sha256(world.host_id.encode()).hexdigest(),
            hostname=world.hostname,
            hypervisor_type="QEMU",
            hypervisor_version=7_002_000,
            virt_type="fake",
            cpu_arch="x86_64",
            cpu_model="qemu64",
            cpu_features=["sse2", "nx", "lm"],
            vcpus=len(world.shared_cpus) if world.shared_cpus or world.dedicated_cpus else world.capacity.vcpus,
            memory_mb=world.capacity.memory_mb,
            disk_gb=world.capacity.disk_gb,
            free_memory_mb=free.memory_mb,
            free_disk_gb=free.disk_gb,
            booted_at=world.booted_at,
            pages=world.pages,
            cached_mb=world.cached_mb,
            cells=world.cells,
            devices=world.devices,
            shared_cpus=world.shared_cpus,
            dedicated_cpus=world.dedicated_cpus,
        )

    async def free(self) -> Free:
        """What is unused now."""
        world, capacity = self.world, self.world.capacity
        memory = max(0, capacity.memory_mb - world.used_memory_mb)
        return Free(memory, capacity.disk_gb - world.allocated // GIB, world.pages, world.cells, world.devices)
