"""A control plane that answers as told, and orders to an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.support.clock import FakeClock, settle

from cumulet.agent.fake import FakeHost, World
from cumulet.agent.inbox import Inbox
from cumulet.agent.main import Agent
from cumulet.contract import commands, reports
from cumulet.contract.claims import sign
from cumulet.contract.guests import ClaimToken, DiskSpec, GuestSpec, ImageSource, PortSpec
from cumulet.kernel.bus.inprocess import InProcessBus

KEY = b"the host's claim key"


class Cloud:
    """The control plane's end of the subject `cloud`."""

    def __init__(self) -> None:
        self.counter = 0
        self.reports: list[reports.Report] = []
        self.rejection: reports.Rejected | None = None

    async def receive(self, payload: bytes) -> bytes:
        report = reports.decode_report(payload)
        self.reports.append(report)
        if self.rejection is not None:
            return reports.encode(self.rejection)
        if isinstance(report, reports.Register):
            self.counter += 1
            return reports.encode(reports.Welcome(KEY, self.counter))
        return reports.encode(reports.Ack())

    @property
    def heartbeats(self) -> list[reports.Heartbeat]:
        return [report for report in self.reports if isinstance(report, reports.Heartbeat)]


class Orders:
    """Sends commands to one host over the bus."""

    def __init__(self, bus: InProcessBus, host_id: str) -> None:
        self.bus, self.host_id = bus, host_id

    async def __call__(self, command, key: str = "", epoch: int = 1, **more):
        payload = commands.encode(commands.Envelope(command, key, epoch, **more))
        return commands.decode_reply(await self.bus.request(f"host.{self.host_id}", payload, 5))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World("fake1", clock=clock)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
async def bus(cloud: Cloud) -> InProcessBus:
    bus = InProcessBus()
    await bus.serve("cloud", cloud.receive)
    return bus


@pytest.fixture
async def agent(bus: InProcessBus, world: World, clock: FakeClock) -> AsyncIterator[Agent]:
    agent = Agent(bus, FakeHost(world), world.journal, clock)
    await agent.start()
    await settle()
    yield agent
    await agent.stop()


@pytest.fixture
def order(bus: InProcessBus, agent: Agent) -> Orders:
    return Orders(bus, agent.host_id)


@pytest.fixture
def inbox_of():
    """An inbox that nobody has opened."""
    return lambda world: Inbox(FakeHost(world), world.journal, world.clock)


@pytest.fixture
def image() -> ImageSource:
    return ImageSource("image1", "file:///images/image1", 1024**3, "00" * 64, "qcow2")


@pytest.fixture
def guest_of(world: World):
    """A guest of this host with its root disk and one port."""

    def build(server_id: str = "s1", memory_mb: int = 512, **more) -> GuestSpec:
        root = DiskSpec("root", world.path(server_id, "root"), "qcow2", "vda", "root")
        port = PortSpec(f"port-{server_id}", "net1", "fa:16:3e:00:00:01", 1442)
        fields = {"name": "web1", "vcpus": 1, "disks": [root], "ports": [port]} | more
        return GuestSpec(server_id=server_id, memory_mb=memory_mb, **fields)

    return build


@pytest.fixture
def claim_for(world: World):
    """The control plane's claim for a guest, with changes."""

    def build(guest: GuestSpec, key: bytes = KEY, **changes) -> ClaimToken:
        claimed = {"host_id": world.host_id, "epoch": 1, "vcpus": guest.vcpus, "memory_mb": guest.memory_mb}
        return sign(ClaimToken(server_id=guest.server_id, **(claimed | changes)), key)

    return build


@pytest.fixture
def boot(order: Orders, image: ImageSource, guest_of, claim_for):
    """Make the root disk of a server and start it."""

    async def run(server_id: str = "s1", **more):
        made = await order(commands.CreateRootDisk(server_id, image, 10), f"{server_id}/disk/1")
        assert isinstance(made, commands.Disk), made
        guest = guest_of(server_id, **more)
        return await order(commands.StartGuest(guest, claim_for(guest)), f"{server_id}/start/1")

    return run
