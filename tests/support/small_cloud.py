"""The smallest world in which a workflow can do something: one table, and one agent that keeps a journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cumulet.kernel import workflow
from cumulet.kernel.db import Query, Tx
from cumulet.kernel.errors import Problem
from cumulet.kernel.workflow import Active, Engine, Failure, step
from cumulet.kernel.workflow.table import TABLE

from .clock import FakeClock
from .database import fresh_database
from .postgres import fresh_postgres

TABLES = sa.MetaData()
FACTS = sa.Table("facts", TABLES, sa.Column("id", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
_B = sa.bindparam
PUT: Query[Any] = Query(sa.insert(FACTS).values(id=_B("id"), value=_B("value")))
DROP: Query[Any] = Query(sa.delete(FACTS).where(FACTS.c.id == _B("id")))
ALL: Query[Any] = Query(sa.select(FACTS.c.id, FACTS.c.value).order_by(FACTS.c.id))
ENDS: Query[Any] = Query(sa.select(TABLE.c.name, TABLE.c.state, TABLE.c.failure, TABLE.c.records).order_by(TABLE.c.sequence))


class Refused(Problem):
    """The agent said no."""


class Agent:
    """Does what it is told, once per key. `refuse` holds the errors to answer next, by thing."""

    def __init__(self) -> None:
        self.things: dict[str, str] = {}
        self.journal: dict[str, str] = {}
        self.delivered: list[str] = []
        self.done: list[str] = []
        self.refuse: dict[str, list[Exception]] = defaultdict(list)

    async def make(self, key: str, thing: str) -> str:
        """Make a thing and return its name."""
        self.delivered.append(key)
        if key not in self.journal:
            if self.refuse[thing]:
                raise self.refuse[thing].pop(0)
            self.things[thing] = key
            self.done.append(key)
            self.journal[key] = f"made {thing}"
        return self.journal[key]

    async def remove(self, key: str, thing: str) -> None:
        """Remove a thing that may not be there."""
        self.delivered.append(key)
        if self.refuse[f"remove {thing}"]:
            raise self.refuse[f"remove {thing}"].pop(0)
        self.things.pop(thing, None)


async def put(tx: Tx, fact: str, value: str = "") -> None:
    """Write a fact."""
    await tx.do(PUT, id=fact, value=value)


async def drop(tx: Tx, fact: str) -> None:
    """Forget a fact that may not be there."""
    await tx.do(DROP, id=fact)


@step
async def mark_failed(tx: Tx, thing: str, failure: Failure) -> None:
    """An on_failure: the error becomes a fact."""
    await put(tx, f"{thing} failed", failure.message)


@dataclass
class SmallCloud:
    """A world with engines."""

    db: Any
    clock: FakeClock = field(default_factory=FakeClock)
    services: Agent = field(default_factory=Agent)

    def engine(self, owner: str = "worker") -> Engine:
        """An engine of this world, not started."""
        return Engine(self.db, self.services, owner, self.clock)

    async def start(self, flow: Any, *args: Any, **options: Any) -> str:
        """Start a workflow in a transaction of its own."""
        async with self.db.tx() as tx:
            return await workflow.start(tx, flow, *args, **options)

    async def facts(self) -> dict[str, str]:
        """Every fact."""
        async with self.db.read() as tx:
            return dict(await tx.all(ALL))

    async def active(self, kind: str = "thing", resource: str = "t1") -> Active | None:
        """The unfinished workflow of a resource."""
        async with self.db.read() as tx:
            return await workflow.active(tx, kind, resource)

    async def intend(self, kind: str = "thing", resource: str = "t1", intent: str = "cancel") -> bool:
        """Leave an intent."""
        async with self.db.tx() as tx:
            return await workflow.intend(tx, kind, resource, intent)

    async def wake(self, kind: str = "thing", resource: str = "t1") -> None:
        """Wake the resource's workflows."""
        async with self.db.tx() as tx:
            await workflow.wake(tx, kind, resource)

    async def ends(self) -> list[tuple[str, str]]:
        """(name, state) of every workflow in the order of their start."""
        async with self.db.read() as tx:
            return [(row[0], row[1]) for row in await tx.all(ENDS)]

    async def snapshot(self) -> dict[str, Any]:
        """All that matters."""
        return {"facts": await self.facts(), "things": dict(self.services.things), "ends": await self.ends()}

    async def pass_time(self, engine: Engine, seconds: float) -> None:
        """Let `seconds` pass for an engine that is not started."""
        await self.clock.advance(seconds)
        await engine.run_pending()


@asynccontextmanager
async def small_cloud() -> AsyncIterator[SmallCloud]:
    """A fresh world on SQLite."""
    clock = FakeClock()
    async with fresh_database(clock, TABLES) as db:
        yield SmallCloud(db, clock)


@asynccontextmanager
async def small_cloud_on_postgres(dsn: str) -> AsyncIterator[SmallCloud]:
    """A fresh world on PostgreSQL."""
    clock = FakeClock()
    async with fresh_postgres(dsn, clock, TABLES) as db:
        yield SmallCloud(db, clock)
