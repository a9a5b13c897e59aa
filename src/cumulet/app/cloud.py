"""One cloud in one process: what is made in which order, what runs beside the requests, and how it ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..agent.main import Agent
from ..compute.operations import aliases
from ..contract.agents import Agents
from ..identity.operations import bootstrap
from ..identity.operations.tokens import Tokens, hash_password
from ..kernel import ids
from ..kernel.bus import Bus
from ..kernel.bus.inprocess import InProcessBus
from ..kernel.bus.unix import UnixHub
from ..kernel.cause import acting
from ..kernel.clock import SystemClock
from ..kernel.db import Database, Sqlite, metadata, migrations
from ..kernel.http import Application
from ..kernel.reconcile import Reconciling
from ..kernel.workflow import Engine
from ..placement.operations import hosts
from ..volume.operations import types
from . import findings, wire
from .config import Config
from .hosts import Underlay, underlay
from .reports import Reports
from .state.opening import database
from .wire import Rings, Services

if TYPE_CHECKING:
    from ..kernel.db.postgres import Postgres

OnStep = Callable[[str], None]

AWAY_SECONDS = 15.0
"""How long an agent in a process of its own may take to come back before its host does not answer: longer than a restart takes."""


def _quiet(step: str) -> None:
    """Nobody listens."""


class Cloud:
    """Open it, start it, close it. `application` is the ASGI callable; it answers as soon as the cloud is open."""

    def __init__(self, config: Config, db: Database, rings: Rings, under: Underlay, bus: Bus | None = None) -> None:
        self.config = config
        self.db = db
        self.tokens = rings.tokens
        self.bus: Bus = bus or (InProcessBus() if config.own_agent else UnixHub(config.bus_socket, patience=AWAY_SECONDS))
        self.underlay = under
        self.parts = wire.Parts(config, db, rings, Services(Agents(self.bus, db.clock), wire.images(config, db, rings)), under)
        self.application: Application = wire.application(self.parts)
        self.engine = Engine(db, self.parts.services, ids.new_uuid(), db.clock)
        self.reconciling = Reconciling(wire.reconcilers(self.parts), db, db.clock)
        self.agents: list[Agent] = []

    @classmethod
    async def open(cls, config: Config, on_step: OnStep = _quiet, db: Sqlite | Postgres | None = None) -> Cloud:
        """Everything that requests need: database, keys, catalog. Raises ValueError naming what cannot be used, and Unavailable.

        `db` is used instead of the configuration's database (tests).
        """
        config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        on_step("database")
        db = db or database(config, SystemClock())
        await migrations.prepare(db, metadata)
        rings = await wire.key_rings(config, db)
        on_step("identity")
        await _bootstrap(config, db, rings.tokens)
        return cls(config, db, rings, underlay(config, db.clock))

    async def start(self, on_step: OnStep = _quiet) -> None:
        """Begin what runs beside the requests: networks, agents, workflows, reconcilers.

        Returns once the agents are recognised, or refused.
        """
        if isinstance(self.bus, UnixHub):
            await self.bus.listen()
        initial = wire.inventory(self.config)
        with acting("the configuration"):
            async with self.db.tx() as tx:
                await hosts.configure(tx, initial)
                await aliases.configure(tx, self.config.pci_alias)
        await self.bus.serve("cloud", Reports(self.db, initial, self.parts.refused).receive)
        await self.underlay.up(on_step)
        self.agents = await self.underlay.agents(self.bus, self.db)
        on_step("agent")
        for agent in self.agents:
            await agent.start()
        for agent in self.agents:
            refused = await agent.answered()
            next_step = ". Compare the two: cumulet restore-check" if agent.host_id in self.parts.refused else ""
            told = [f"This machine's agent refuses work: {refused}{next_step}"] if refused else []
            findings.note(self.config, told, self.db.clock.now())
        on_step("workflows and reconcilers")
        await self.engine.start(alone=self.db.alone)
        if self.db.alone:
            await self.parts.sync.take_over()
        await self.reconciling.start()

    async def close(self) -> None:
        """Stop it all. Guests and daemons go on."""
        await self.reconciling.stop()
        await self.parts.sync.release()
        await self.engine.stop()
        for agent in self.agents:
            await agent.stop()
        await self.underlay.close()
        await self.bus.close()
        self.parts.image.close()
        self.parts.federated.close()
        await self.tokens.later.write()
        await self.db.close()


async def prepared_database(config: Config) -> tuple[Sqlite | Postgres, wire.Rings]:
    """The configuration's database and keys for a command that works without a running cloud: as they are after a first start.

    Raises ValueError naming what cannot be used, and Unavailable.
    """
    config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = database(config, SystemClock())
    await migrations.prepare(db, metadata)
    rings = await wire.key_rings(config, db)
    await _bootstrap(config, db, rings.tokens)
    return db, rings


async def _bootstrap(config: Config, db: Database, tokens: Tokens) -> None:
    passwords = {name: read_or_make_secret(config.state / f"{name}-password") for name in ("admin", "demo")}
    async with db.read() as tx:
        new = await bootstrap.is_new(tx)
    # Hashing takes longer than the rest of a start, and is for nothing from the second start on.
    hashes = {name: (await hash_password(tokens, password) or "") if new else "" for name, password in passwords.items()}
    async with db.tx() as tx:
        await tx.hold(bootstrap.HOLD)  # another process may start now, too
        await types.bootstrap(tx)
        await bootstrap.bootstrap(tx, bootstrap.Wanted(config.region, wire.endpoints(config), hashes["admin"], hashes["demo"]))


def read_or_make_secret(path: Path) -> str:
    """The text in a file that only its owner may read; drawn at random if there is no such file."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(ids.secret_text())
    return path.read_text().strip()
