"""A real host, put together: libvirt, disks, switch.

host, journal = assemble(HostSettings(state=Path("/var/lib/cumulet/agent"), netns="cumulet"), switch)
agent = Agent(bus, host, journal)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
from pathlib import Path
from weakref import WeakValueDictionary

from msgspec.structs import replace

from cumulet.contract.commands import Cell, Device, Guest, HostFacts, PagePool
from cumulet.contract.guests import DiskSpec, GuestSpec, PortSpec
from cumulet.kernel.clock import Clock
from cumulet.kernel.daemons import DaemonFailed

from .. import accelerator
from ..disks.disks import GIB, LocalDisks
from ..disks.exports import folder_of
from ..host import Free, Switch
from ..identity import Identity, boot_name, claim_identity, forget_boot, release_identity
from ..refusals import Refusal
from ..store.journal import SqliteJournal
from ..store.ledger import Ledger
from ..topology import cells, pci
from . import console, daemon, facts, guests, hotplug
from .connection import Connection
from .devices import Surroundings
from .guests import Stage
from .settings import HostSettings

log = logging.getLogger(__name__)


def assemble(settings: HostSettings, switch: Switch, clock: Clock | None = None) -> tuple[LibvirtHost, SqliteJournal]:
    """A real host and the journal which shares its database file. The journal must be open before the host is brought up."""
    journal = SqliteJournal(settings.state / "agent.db", clock)
    disks = LocalDisks(settings.state, Ledger(journal.db), settings.disks)
    return LibvirtHost(settings, disks, switch), journal


class LibvirtGuests:
    """Implements `agent.host.Guests`."""

    def __init__(self, stage: Stage, disks: LocalDisks, detach_patience: float) -> None:
        self._stage = stage
        self._disks = disks
        self._patience = detach_patience
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def start(self, guest: GuestSpec) -> None:
        """Export its root disk if that is in Ceph, plug its ports, define it and start it."""
        async with self._turn(guest.server_id):
            for path in await self._exported(guest.server_id):
                await self._disks.exports.serve(path)
            await guests.start(self._stage, guest)

    async def stop(self, server_id: str, grace: float) -> None:
        """Shut it down, by force after `grace` seconds."""
        await guests.stop(self._stage, server_id, grace)
        await self.close_disks(server_id)

    async def destroy(self, server_id: str) -> None:
        """Power it off, unplug its ports, forget it."""
        await guests.destroy(self._stage, server_id)
        await self.close_disks(server_id)

    async def close_disks(self, server_id: str) -> None:
        """Export nothing of a guest that is off."""
        async with self._turn(server_id):
            if not await self.running(server_id):
                for path in await self._exported(server_id):
                    await self._disks.exports.stop(path)

    async def heal_disks(self) -> list[str]:
        """Start exporters of running guests that have died, and stop those of guests that have ended."""
        owners = {found.owner for found in await self._disks.exported()}
        return [text for told in await asyncio.gather(*map(self._heal_disks, owners)) for text in told]

    async def _heal_disks(self, server_id: str) -> list[str]:
        if not await self.running(server_id):
            await self.close_disks(server_id)
            return []
        async with self._turn(server_id):
            started = [await self._disks.exports.serve(path) for path in await self._exported(server_id)]
        return [f"What exported the root disk of server {server_id} had died and was started again."] if any(started) else []

    async def _exported(self, server_id: str) -> list[str]:
        return [found.path for found in await self._disks.exported() if found.owner == server_id]

    def _turn(self, server_id: str) -> asyncio.Lock:
        return self._turns.setdefault(server_id, asyncio.Lock())

    async def attach_disk(self, server_id: str, disk: DiskSpec) -> None:
        """Hot-plug a disk."""
        await hotplug.attach_disk(self._stage, server_id, disk)

    async def detach_disk(self, server_id: str, disk_id: str) -> None:
        """Unplug a disk. Refuses with detach_refused."""
        await hotplug.detach(self._stage, server_id, disk_id, self._patience)

    async def attach_port(self, server_id: str, port: PortSpec) -> None:
        """Hot-plug a port."""
        await hotplug.attach_port(self._stage, server_id, port)

    async def detach_port(self, server_id: str, port_id: str) -> None:
        """Unplug a port and remove its tap. Refuses with detach_refused."""
        await hotplug.detach(self._stage, server_id, port_id, self._patience)
        await hotplug.forget(self._stage, server_id, port_id)
        await self._stage.switch.unplug(port_id)

    async def resize_disk(self, server_id: str, volume_id: str, size_gb: int) -> bool:
        """Grow a volume in the running guest."""
        return await hotplug.resize_disk(self._stage, server_id, self._volume(volume_id), size_gb * GIB)

    async def copy_disk(self, server_id: str, volume_id: str, target: Path) -> None:
        """Write what a volume of the running guest holds at this moment to a file."""
        await hotplug.copy_disk(self._stage, server_id, self._volume(volume_id), target)

    async def copy_root(self, server_id: str, target: Path) -> None:
        """The same for its root disk."""
        layout = self._disks.layout
        await hotplug.copy_disk(self._stage, server_id, str(layout.absolute(layout.of(server_id, "root"))), target)

    async def console(self, server_id: str, lines: int | None) -> str:
        """The end of the serial log."""
        return await guests.read_console(self._stage, server_id, lines)

    async def running(self, server_id: str) -> bool:
        """Whether the guest has memory now."""
        return await guests.running(self._stage, server_id)

    async def user_of(self, volume_id: str) -> str | None:
        """The running guest that has this volume."""
        return await hotplug.user_of(self._stage, self._volume(volume_id))

    async def list(self, measured: bool = False) -> list[Guest]:
        """Every guest, ours or not."""
        return await guests.every(self._stage, measured)

    def _volume(self, volume_id: str) -> str:
        layout = self._disks.layout
        return str(layout.absolute(layout.of(volume_id, "volume")))


class LibvirtHost:
    """Implements `agent.host.Host`. Made by `assemble`."""

    def __init__(self, settings: HostSettings, disks: LocalDisks, switch: Switch) -> None:
        self._settings = settings
        self._disks = disks
        self._switch = switch
        self._changed = asyncio.Event()
        self._daemon = daemon.libvirtd(settings)
        self._connection = Connection(daemon.socket_of(settings), self._changed.set)
        self._identity: Identity | None = None
        self._boot = ""
        self._hypervisor: facts.Hypervisor | None = None
        self._probing: asyncio.Task[None] | None = None
        self._gone: set[str] = set()
        self._consoles = settings.state / "consoles"
        around = Surroundings("qemu", str(settings.emulator), str(self._consoles), "none", True, exports=folder_of(settings.state))
        self._stage = Stage(self._connection, switch, daemon.process_ids(settings), daemon.namespace(settings), around)
        self._guests = LibvirtGuests(self._stage, disks, settings.detach_patience)

    @property
    def disks(self) -> LocalDisks:
        """Its disks."""
        return self._disks

    @property
    def guests(self) -> LibvirtGuests:
        """Its guests."""
        return self._guests

    @property
    def changed(self) -> asyncio.Event:
        """Set when a guest has changed state."""
        return self._changed

    @property
    def boot(self) -> str:
        """Names the time since the machine, or what we run on it, was started."""
        return self._boot

    async def up(self) -> None:
        """Claim the identity, start or find the switch and libvirtd. Raises Refusal if the host cannot work."""
        self._identity = await asyncio.to_thread(claim_identity, self._settings.state)
        self._boot = await asyncio.to_thread(boot_name, self._settings.state)
        await asyncio.to_thread(self._consoles.mkdir, 0o700, exist_ok=True)
        await asyncio.to_thread(daemon.prepare, self._settings, self._identity.host_id)
        await self._disks.up()
        await self._switch.up()
        await self._ensure_daemon()
        await self._connection.open()
        self._stage.around = await self._look_around()
        self._hypervisor = await facts.hypervisor(self._connection, self._stage.around)
        self._probing = asyncio.create_task(self._probe_emulator())

    async def _probe_emulator(self) -> None:
        """libvirt asks a new emulator hundreds of things, for seconds: better now than when the first guest starts."""
        with contextlib.suppress(Refusal):
            await facts.capabilities(self._connection, self._stage.around)

    async def _look_around(self) -> Surroundings:
        settings = self._settings
        chosen = await accelerator.choose(settings.state) if settings.virt_type == "auto" else settings.virt_type
        cache = "none" if await asyncio.to_thread(_takes_direct_io, settings.state) else "writeback"
        program = str(daemon.emulator(settings, chosen))
        return replace(
            self._stage.around,
            virt_type=chosen,
            emulator=program,
            cache=cache,
            userspace=self._switch.userspace,
            shared_cpus=self._processors()[0],
        )

    async def _ensure_daemon(self) -> bool:
        try:
            return self._daemon is not None and await self._daemon.ensure_running() == "started"
        except DaemonFailed as problem:
            raise Refusal("libvirtd does not start.", internal=str(problem)) from None

    async def down(self) -> None:
        """Let go of libvirtd, the switch and the identity. Guests and daemons go on."""
        if self._probing is not None:
            self._probing.cancel()
        await self._connection.close()
        await self._switch.release()
        if self._identity is not None:
            release_identity(self._identity)
            self._identity = None

    async def heal(self) -> list[str]:
        """Restart what has died, reconnect, keep serial logs short; each whatever becomes of the others."""
        found = []
        parts = {
            "The switch": self._switch.heal,
            "libvirtd": self._heal_libvirtd,
            "The serial logs": self._trim,
            "The root disks in Ceph": self._guests.heal_disks,
            "The disks": self._miss_disks,
        }
        for name, part in parts.items():
            try:
                found += await part()
            except Exception as problem:
                log.exception("%s could not be repaired", name)
                found.append(f"{name} could not be repaired: {problem}")
        return found

    async def _heal_libvirtd(self) -> list[str]:
        started = await self._ensure_daemon()
        if await self._connection.open():
            self._changed.set()
        return ["libvirtd had died and was started again; guests ran on."] if started else []

    async def _trim(self) -> list[str]:
        await asyncio.to_thread(console.trim, self._consoles)
        return []

    async def _miss_disks(self) -> list[str]:
        """Disks that have vanished behind our back, each told once (K4)."""
        gone = set(await self._disks.missing())
        news, self._gone = gone - self._gone, gone
        return sorted(news)

    async def tidy(self) -> None:
        """Purge what has been in quarantine long enough, and images that nothing uses."""
        await self._disks.tidy()

    async def take_down(self, grace: float) -> None:
        """Stop everything we run here: guests by ACPI, by force after `grace` seconds; then libvirtd and the switch with its taps.

        For an operator who takes the host apart. What was running comes back when the host is up again. Needs `up`.
        """
        running = [g.server_id for g in await self._guests.list() if g.server_id and g.state != "shutdown"]
        await asyncio.to_thread(forget_boot, self._settings.state)
        await asyncio.gather(*(self._guests.stop(server_id, grace) for server_id in running))
        await self._guests.heal_disks()
        await self._connection.close()
        await self.stop_daemon()
        await self._switch.down()

    async def stop_daemon(self) -> None:
        """Stop our libvirtd; guests run on without it. For an operator who takes the host apart, and for tests."""
        if self._daemon is not None:
            await self._daemon.stop()

    async def facts(self) -> HostFacts:
        """What the host is and has, as measured now."""
        found = self._hypervisor
        if self._identity is None or found is None:
            raise Refusal("The host is not up.")
        memory = await asyncio.to_thread(Path("/proc/meminfo").read_text)
        total, free = facts.memory_mb(memory)
        space, built = await self._disks.space(), await self.free()
        shared, dedicated = self._processors()
        return HostFacts(
            host_id=self._identity.host_id,
            fingerprint=self._identity.fingerprint,
            hostname=self._settings.hostname or platform.node(),
            hypervisor_type="QEMU",
            hypervisor_version=found.version,
            virt_type=self._stage.around.virt_type,
            cpu_arch=facts.architecture(),
            cpu_model=found.cpu_model,
            cpu_features=found.cpu_features,
            vcpus=len(shared) if dedicated or self._settings.cpu_shared_set else len(facts.processors()),
            memory_mb=total,
            disk_gb=space.total // GIB,
            free_memory_mb=free,
            free_disk_gb=space.free // GIB,
            booted_at=facts.booted_at(await asyncio.to_thread(Path("/proc/stat").read_text)),
            address=self._settings.address,
            pages=built.pages,
            cached_mb=facts.cached_mb(memory),
            cells=built.cells,
            devices=built.devices,
            shared_cpus=shared,
            dedicated_cpus=dedicated,
        )

    async def free(self) -> Free:
        """What is unused now."""
        _, free = facts.memory_mb(await asyncio.to_thread(Path("/proc/meminfo").read_text))
        return Free(free, (await self._disks.space()).free // GIB, *await asyncio.to_thread(self._built))

    def _processors(self) -> tuple[list[int], list[int]]:
        """Those that guests share, none if nobody says which, and those that a guest can have for itself."""
        there = set(facts.processors())
        options = (self._settings.cpu_shared_set, self._settings.cpu_dedicated_set)
        shared, dedicated = ([cpu for cpu in cells.processors(option) if cpu in there] for option in options)
        return shared, dedicated

    def _built(self) -> tuple[list[PagePool], list[Cell], list[Device]]:
        """Huge pages, cells, and the devices that guests may have."""
        return cells.page_pools(), cells.cells(), pci.devices(self._settings.devices)


def _takes_direct_io(folder: Path) -> bool:
    """Whether the file system can bypass the page cache, as QEMU's cache mode `none` does; tmpfs cannot."""
    probe = folder / "direct-io"
    try:
        os.close(os.open(probe, os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600))
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True
