"""What lies under a cloud: hosts in memory, or this machine with OVN, Open vSwitch and libvirt."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..agent.disks.disks import Settings as DiskSettings
from ..agent.fake import FakeHost, World
from ..agent.identity import claim_identity, release_identity
from ..agent.libvirt.settings import HostSettings
from ..agent.main import Agent
from ..agent.ovs.config import SwitchConfig
from ..agent.ovs.switch import Switch
from ..contract.reports import MetadataAnswer, MetadataQuery, decode_answer, encode
from ..kernel import ids
from ..kernel.bus import Bus
from ..kernel.clock import Clock
from ..kernel.db import Database
from ..network.desired import Driver
from ..network.fake import FakeDriver
from ..network.ovn.central import Central
from ..network.ovn.driver import OvnDriver
from ..placement.operations import hosts
from .config import Config

OnStep = Callable[[str], None]


GRACE_SECONDS = 10.0
"""How long guests may take to shut down when the cloud is taken down."""


class Underlay(Protocol):
    """What lies under a cloud."""

    @property
    def driver(self) -> Driver:
        """What is told of networks."""
        ...

    async def up(self, on_step: OnStep) -> None:
        """Start or find what agents and networks need."""
        ...

    async def agents(self, bus: Bus, db: Database) -> list[Agent]:
        """The agents that live in this process, not yet started."""
        ...

    async def heal(self) -> list[str]:
        """Start again what has died; one sentence for each."""
        ...

    async def close(self) -> None:
        """Let go; daemons and guests go on."""
        ...


class InMemory:
    """Hosts that are numbers. Their guests end with the process."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._clock = clock
        self._driver = FakeDriver()
        names = [f"fake{number}" for number in range(1, config.fake_hosts + 1)]
        self.worlds = [World(name, ids.derived_uuid(str(config.state.absolute()), name), clock=clock) for name in names]

    @property
    def driver(self) -> Driver:
        """A driver that remembers."""
        return self._driver

    async def up(self, on_step: OnStep) -> None:
        """They are."""

    async def agents(self, bus: Bus, db: Database) -> list[Agent]:
        """One agent per host. The counter that a real agent reads from its disk is taken from the registry:

        these hosts have none.
        """
        for world in self.worlds:
            async with db.read() as tx:
                known = {host.id: host.counter for host in await hosts.list(tx)}
            await world.journal.set_counter(known.get(world.host_id, 0))
        return [Agent(bus, FakeHost(world), world.journal, self._clock) for world in self.worlds]

    async def heal(self) -> list[str]:
        """Nothing dies."""
        return []

    async def close(self) -> None:
        """Nothing is held."""


class ThisMachine:
    """OVN's databases, a switch in a namespace of its own, and libvirt in it."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._central = Central(config.state / "ovn")
        self._driver = OvnDriver(self._central.northbound, self._central.southbound)

    @property
    def driver(self) -> Driver:
        """OVN."""
        return self._driver

    async def up(self, on_step: OnStep) -> None:
        """Start OVN's databases and connect."""
        on_step("OVN")
        await self._central.up()
        await self._driver.start()

    async def agents(self, bus: Bus, db: Database) -> list[Agent]:
        """This machine's agent, unless it runs in a process of its own."""
        return [agent(self._config, bus, self._clock)] if self._config.own_agent else []

    async def heal(self) -> list[str]:
        """Start again what has died of OVN."""
        return await self._central.heal()

    async def close(self) -> None:
        """Let go."""
        await self._driver.close()

    async def take_down(self, on_step: OnStep) -> None:
        """Stop the guests and every daemon, delete namespaces and taps. All data stays."""
        from ..agent.libvirt.host import assemble

        await self._central.up()  # a switch cannot be taken apart without its databases
        host, journal = assemble(host_settings(self._config), switch(self._config, _nobody), self._clock)
        await journal.open()
        await host.up()
        on_step("guests, libvirt, switch")
        await host.take_down(GRACE_SECONDS)
        await journal.close()
        on_step("OVN")
        await self._central.down()


def agent(config: Config, bus: Bus, clock: Clock) -> Agent:
    """The agent of this machine. Raises Refusal if its state folder cannot be used."""
    from ..agent.libvirt.host import assemble

    host, journal = assemble(host_settings(config), switch(config, _ask(bus)), clock)
    return Agent(bus, host, journal, clock)


def host_settings(config: Config) -> HostSettings:
    """How this machine's guests run."""
    return HostSettings(
        state=config.state / "agent",
        netns=config.namespace,
        virt_type=config.virt_type,
        devices=config.device_spec,
        disks=DiskSettings(ceph=config.host_ceph.client, root_pool=config.host_ceph.root_pool),
        cpu_shared_set=config.cpu_shared_set,
        cpu_dedicated_set=config.cpu_dedicated_set,
    )


def switch(config: Config, answer: Callable[[MetadataQuery], Awaitable[MetadataAnswer]]) -> Switch:
    """This machine's switch."""
    identity = claim_identity(config.state / "agent")
    release_identity(identity)
    length = ipaddress.ip_network(config.external_cidr).prefixlen
    return Switch(
        SwitchConfig(
            host_id=identity.host_id,
            folder=config.state / "ovs",
            southbound=f"unix:{config.state / 'ovn' / 'sb.sock'}",
            netns=config.namespace,
            external_address=f"{config.external_gateway}/{length}",
        ),
        answer,
    )


async def _nobody(query: MetadataQuery) -> MetadataAnswer:
    return MetadataAnswer(503, b"")


def _ask(bus: Bus) -> Callable[[MetadataQuery], Awaitable[MetadataAnswer]]:
    async def ask(query: MetadataQuery) -> MetadataAnswer:
        answer = decode_answer(await bus.request("cloud", encode(query), 10.0))
        return answer if isinstance(answer, MetadataAnswer) else MetadataAnswer(503, b"")

    return ask


def underlay(config: Config, clock: Clock) -> Underlay:
    """What the configuration asks for."""
    return InMemory(config, clock) if config.fake else ThisMachine(config, clock)
