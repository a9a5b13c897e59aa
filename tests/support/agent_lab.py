"""One real host with an agent on it, and guests that run a boot sector under TCG."""

# ruff: noqa: ASYNC110, ASYNC221
from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cumulet.agent import accelerator
from cumulet.agent.disks.disks import Settings as DiskSettings
from cumulet.agent.libvirt import daemon
from cumulet.agent.libvirt.host import assemble
from cumulet.agent.libvirt.settings import HostSettings
from cumulet.agent.main import Agent, Settings
from cumulet.contract import commands as c
from cumulet.contract import reports
from cumulet.contract.claims import claim_of, sign
from cumulet.contract.guests import DiskSpec, GuestSpec, ImageSource, PortSpec
from cumulet.kernel.bus.inprocess import InProcessBus
from cumulet.kernel.ids import new_uuid
from cumulet.kernel.process import run

KEY = b"key"
_numbers = itertools.count(1)


class Taps:
    """A switch that makes taps, in the host's namespace, and connects them to nothing."""

    userspace = True

    def __init__(self, netns: str) -> None:
        self.netns = netns
        self.plugged: set[str] = set()

    async def up(self) -> None:
        pass

    async def release(self) -> None:
        pass

    async def heal(self) -> list[str]:
        return []

    async def plug(self, port: PortSpec) -> None:
        if port.port_id not in self.plugged:
            await run("ip", "-n", self.netns, "tuntap", "add", "dev", f"tap{port.port_id[:11]}", "mode", "tap")
            self.plugged.add(port.port_id)

    async def unplug(self, port_id: str) -> None:
        if port_id in self.plugged:
            await run("ip", "-n", self.netns, "link", "del", f"tap{port_id[:11]}")
            self.plugged.remove(port_id)


class Lab:
    """One host with an agent on it, and the control plane's end of the bus."""

    def __init__(self, folder: Path, netns: str, disks: DiskSettings | None = None) -> None:
        self.settings = HostSettings(state=folder, netns=netns, detach_patience=1.0, disks=disks or DiskSettings())
        self.switch = Taps(netns)
        self.bus = InProcessBus()
        self.beats: asyncio.Queue[reports.Heartbeat] = asyncio.Queue()
        self.counter = 0

    async def start(self) -> None:
        self.host, journal = assemble(self.settings, self.switch)
        self.agent = Agent(self.bus, self.host, journal, settings=Settings(heartbeat=60, heal=60))
        await self.bus.serve("cloud", self._hear)
        await self.agent.start()
        await self.agent.welcomed()

    async def _hear(self, payload: bytes) -> bytes:
        report = reports.decode_report(payload)
        if isinstance(report, reports.Register):
            self.counter = max(self.counter, report.last_counter) + 1
            return reports.encode(reports.Welcome(KEY, self.counter))
        await self.beats.put(report)
        return reports.encode(reports.Ack())

    async def order(self, command):
        envelope = c.Envelope(command, f"w/{next(_numbers)}/1", 1)
        return c.decode_reply(await self.bus.request(f"host.{self.agent.host_id}", c.encode(envelope), 60))

    async def root(self, server_id: str) -> DiskSpec:
        made = await self.order(c.CreateRootDisk(server_id, self.image(), 1))
        assert isinstance(made, c.Disk), made
        return DiskSpec("root", made.path, made.format, "vda", "root-serial")

    def image(self) -> ImageSource:
        path = self.settings.state / "payload.raw"
        content = accelerator.boot_sector().ljust(1024**2, b"\0")
        path.write_bytes(content)
        return ImageSource("payload", path.as_uri(), len(content), hashlib.sha512(content).hexdigest(), "raw")

    async def boot(self, **more) -> GuestSpec:
        server_id = new_uuid()
        root = await self.root(server_id)
        fields = {"name": "web <1>\n", "vcpus": 1, "memory_mb": 64, "disks": [root], "ports": []} | more
        guest = GuestSpec(server_id=server_id, **fields)
        assert await self.launch(guest) == c.Done()
        return guest

    async def launch(self, guest: GuestSpec):
        return await self.order(c.StartGuest(guest, sign(claim_of(guest, self.agent.host_id, 1), KEY)))

    async def seen(self, server_id: str) -> c.Guest | None:
        listed = (await self.order(c.ListGuests())).guests
        return next((guest for guest in listed if guest.server_id == server_id), None)

    async def console_says(self, server_id: str, text: str) -> str:
        said = ""
        async with asyncio.timeout(10):
            while text not in said:
                await asyncio.sleep(0.05)
                said = (await self.order(c.ReadConsole(server_id))).text
        return said

    def process_id(self, guest: GuestSpec) -> int:
        return int((daemon.process_ids(self.settings) / f"cumulet-{guest.server_id}.pid").read_text())

    async def kill_libvirtd(self) -> None:
        libvirtd = daemon.libvirtd(self.settings)
        os.kill(libvirtd.pid(), 9)
        async with asyncio.timeout(10):
            while libvirtd.alive():
                await asyncio.sleep(0.01)

    def kill_everything(self) -> None:
        """Whatever a failed test has left."""
        for pidfile in daemon.process_ids(self.settings).glob("*.pid"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pidfile.read_text()), 9)

    async def reported(self, server_id: str, state: str) -> None:
        async with asyncio.timeout(10):
            while not any((g.server_id, g.state) == (server_id, state) for g in (await self.beats.get()).guests):
                pass


@asynccontextmanager
async def running_lab(disks: DiskSettings | None = None) -> AsyncIterator[Lab]:
    """One whose agent is welcome, in a folder with a short path; guests and daemons end with it."""
    folder, netns = Path(tempfile.mkdtemp(prefix="cml-")), f"cml{os.getpid()}"
    subprocess.run(["ip", "netns", "add", netns], check=True)
    subprocess.run(["ip", "-n", netns, "link", "set", "lo", "up"], check=True)
    lab = Lab(folder, netns, disks)
    try:
        await lab.start()
        yield lab
        left = (await lab.order(c.ListGuests())).guests
        await asyncio.gather(*(lab.order(c.DestroyGuest(guest.server_id)) for guest in left if guest.server_id))
        await lab.agent.stop()
    finally:
        await lab.host.stop_daemon()
        lab.kill_everything()
        subprocess.run(["ip", "netns", "del", netns], check=True)
        shutil.rmtree(folder)
