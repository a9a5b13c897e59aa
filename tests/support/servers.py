"""Compute with everything below it, in process: fake hosts, a fake network driver, and tokens that say who one is."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import sqlalchemy as sa

from cumulet.agent.fake import FakeHost, World
from cumulet.agent.main import Agent
from cumulet.app.reports import Reports
from cumulet.compute import api, policy
from cumulet.compute.model import Flavor, Keypair, Server
from cumulet.compute.operations import flavors, keypairs
from cumulet.compute.operations.servers import create
from cumulet.compute.operations.servers.create import Created
from cumulet.compute.operations.servers.wanted import NewServers, Place
from cumulet.compute.store import servers as server_store
from cumulet.contract.agents import Agents
from cumulet.image.bytestores import open_stores
from cumulet.image.model import Image, Location, NewImage
from cumulet.image.operations import images
from cumulet.image.parts import Parts as ImageParts
from cumulet.image.settings import Settings as ImageSettings
from cumulet.image.store import locations
from cumulet.image.store.tables import IMAGES
from cumulet.kernel import workflow
from cumulet.kernel.bus.inprocess import InProcessBus
from cumulet.kernel.db import Query, Sqlite
from cumulet.kernel.errors import Unauthorized
from cumulet.kernel.http import Application, Request
from cumulet.kernel.policy import Actor, Policy
from cumulet.kernel.workflow import Engine
from cumulet.network.fake import FakeDriver
from cumulet.network.operations.sync import Sync
from cumulet.placement.operations.hosts import Initial

from .clock import FakeClock, settle
from .database import MEMORY, fresh_database
from .networks import add_network, add_subnet

_DONE = ("status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")
_ACTIVATE = Query(sa.update(IMAGES).where(IMAGES.c.id == sa.bindparam("b_id")).values({n: sa.bindparam(n) for n in _DONE}))
DEMO, OTHER, ADMIN = "d" * 32, "e" * 32, "a" * 32
_IMPLIED = {"admin": ("manager", "member", "reader"), "member": ("reader",), "reader": ()}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdjPepuVZfTc0XOCH04wYwTE53TC4zZ2JefF1u0Y1H+ somebody"
LATEST = {"OpenStack-API-Version": "compute latest"}


def actor(project_id: str = DEMO, role: str = "member") -> Actor:
    """Somebody with a role, and those that it implies, in a project."""
    roles = frozenset((role, *_IMPLIED[role]))
    return Actor(user_id=f"user-of-{project_id[:4]}", project_id=project_id, roles=roles, is_admin=role == "admin")


class ComputeCloud:
    """The running services. `worlds` are the hosts; `run` lets every workflow go as far as it can now."""

    def __init__(self, db: Sqlite, clock: FakeClock, folder: Path) -> None:
        self.db, self.clock = db, clock
        self.bus = InProcessBus()
        self.images = open_stores(folder, {})
        self.services = SimpleNamespace(agents=Agents(self.bus), images=ImageParts(db, self.images, ImageSettings(reserve=0)))
        self.sync = Sync(db, FakeDriver())
        self.engine = Engine(db, self.services, "a life", clock)
        self.worlds: list[World] = []
        self._agents: list[Agent] = []
        self._clients: list[httpx.AsyncClient] = []
        self.flavor: Flavor
        self.image: Image
        self.network: Any

    @cached_property
    def app(self) -> Application:
        """Compute on the wire."""
        service = api.service(self.db, self.services.agents, self.images)
        return Application([service], self.db, {"compute": Policy(policy.DEFAULTS)}, self._authenticate, "http://identity")

    async def _authenticate(self, token: str, request: Request) -> Actor:
        project_id, _, role = token.partition(":")
        if not role:
            raise Unauthorized("The token is not valid.")
        return actor(project_id, role)

    def client(self, project_id: str = DEMO, role: str = "member", **headers: str) -> httpx.AsyncClient:
        """A client with a token."""
        transport = httpx.ASGITransport(self.app)
        sent = {"X-Auth-Token": f"{project_id}:{role}", **headers}
        client = httpx.AsyncClient(transport=transport, base_url="http://cloud.test/compute/v2.1", headers=sent)
        self._clients.append(client)
        return client

    def admin(self, **headers: str) -> httpx.AsyncClient:
        """The administrator."""
        return self.client(ADMIN, "admin", **headers)

    async def open(self, hosts: int) -> None:
        """A flavor, an image, a network and hosts."""
        await self.bus.serve("cloud", Reports(self.db, Initial()).receive)
        for number in range(1, hosts + 1):
            await self.add_host(World(f"fake{number}", clock=self.clock))
        async with self.db.tx() as tx:
            self.network = await add_network(tx, DEMO, name="private")
            await add_subnet(tx, self.network, "10.0.0.0/16")
            self.flavor = await flavors.create(tx, flavor_fields(), "small")
        self.image = await self.add_image()

    async def add_host(self, world: World) -> World:
        """One more host, whose agent has been recognised."""
        agent = Agent(self.bus, FakeHost(world), world.journal, self.clock)
        await agent.start()
        await agent.welcomed()
        self.worlds.append(world)
        self._agents.append(agent)
        return world

    async def add_image(self, **fields: Any) -> Image:
        """An active public image of 1 MiB, whose bytes no fake host looks at."""
        plain: dict[str, Any] = {"name": "tiny", "disk_format": "raw", "container_format": "bare", "visibility": "public"}
        async with self.db.tx() as tx:
            image = await images.create(tx, actor(ADMIN, "admin"), NewImage(**{**plain, **fields}))
            done = {"status": "active", "size": 2**20, "virtual_size": 2**20, "checksum": "0" * 32}
            await tx.do(_ACTIVATE, b_id=image.id, os_hash_algo="sha512", os_hash_value="0" * 128, **done)
            await locations.add(tx, image.id, Location("file", f"{image.id}.1"))
        async with self.db.read() as tx:
            return await images.get(tx, actor(ADMIN, "admin"), image.id)

    async def add_keypair(self, name: str = "key") -> Keypair:
        """A key of the demo user."""
        async with self.db.tx() as tx:
            return await keypairs.create(tx, (actor().user_id, DEMO), name, "ssh", keypairs.Pair(PUBLIC_KEY))

    def wanted(self, **fields: Any) -> NewServers:
        """A plain server."""
        plain: dict[str, Any] = {
            "name": "web",
            "flavor_id": self.flavor.id,
            "image_id": self.image.id,
            "networks": "auto",
            "disks": [],
            "security_groups": [],
            "place": Place(),
            "least": 1,
            "most": 1,
        }
        return NewServers(**{**plain, **fields})

    async def ask(self, who: Actor | None = None, **fields: Any) -> Created:
        """Ask for servers."""
        async with self.db.tx() as tx:
            return await create.create(tx, who or actor(), self.wanted(**fields), self.images)

    async def settle(self, rounds: int = 20) -> None:
        """Run workflows, and tell the network driver, until nothing is left to be done at this moment."""
        for _ in range(rounds):
            await self.engine.run_pending()
            await self.nudge()
            async with self.db.read() as tx:
                left = await workflow.list_unfinished(tx)
            if not any(row.due_at <= self.clock.now() for row in left):
                return

    async def nudge(self) -> None:
        """Tell the network driver what it has not been told, and let it report which ports are up."""
        await self.sync.drain()
        await settle()

    async def server(self, **fields: Any) -> Server:
        """A server that has been built."""
        made = (await self.ask(**fields)).servers[0]
        await self.settle()
        return await self.look(made.id)

    async def look(self, server_id: str) -> Server:
        """A server as it is stored, deleted or not."""
        async with self.db.read() as tx:
            found = await server_store.find_even_deleted(tx, server_id, None)
        assert found is not None
        return found

    async def close(self) -> None:
        """End."""
        for client in self._clients:
            await client.aclose()
        for agent in self._agents:
            await agent.stop()
        self.images.close()


def flavor_fields(**changes: Any) -> dict[str, Any]:
    """A flavor of 1 CPU, 512 MiB and 1 GiB."""
    plain = {"name": "m1.small", "vcpus": 1, "ram": 512, "disk": 1, "ephemeral": 0, "swap": 0, "rxtx_factor": 1.0}
    return {**plain, "is_public": True, "description": None, **changes}


def body(cloud: ComputeCloud, **fields: Any) -> dict[str, Any]:
    """The body of a request for one server."""
    return {"server": {"name": "web", "imageRef": cloud.image.id, "flavorRef": cloud.flavor.id, **fields}}


@asynccontextmanager
async def compute_cloud(hosts: int = 1) -> AsyncIterator[ComputeCloud]:
    """A fresh one."""
    clock = FakeClock()
    with tempfile.TemporaryDirectory(prefix="cumulet-test-", dir=MEMORY) as folder:
        async with fresh_database(clock) as db:
            cloud = ComputeCloud(db, clock, Path(folder))
            await cloud.open(hosts)
            try:
                yield cloud
            finally:
                await cloud.close()


__all__: Sequence[str] = (
    "ADMIN",
    "DEMO",
    "LATEST",
    "OTHER",
    "PUBLIC_KEY",
    "ComputeCloud",
    "actor",
    "body",
    "compute_cloud",
    "flavor_fields",
)
