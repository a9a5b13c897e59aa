"""The cloud's database and keys, opened by a command beside the processes that serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from ...kernel.errors import Problem
from ..config import Config
from ..terminal import failure

if TYPE_CHECKING:
    from ...kernel.clock import Clock
    from ...kernel.db import Database, Sqlite
    from ...kernel.db.postgres import Postgres
    from ..wire import Rings

T = TypeVar("T")


class NotThere(ValueError):
    """There is no database of this program's schema; nothing was made."""


def database(config: Config, clock: Clock) -> Sqlite | Postgres:
    """The configuration's database, not yet connected. Raises ValueError."""
    from ...kernel.db import Sqlite

    if not config.database:
        return Sqlite(config.state / "cumulet.db", clock)
    if not config.database.startswith(("postgresql://", "postgres://")):
        raise ValueError("database: a PostgreSQL URL (postgresql://user:password@host/name) or nothing is expected")
    from ...kernel.db.postgres import Postgres

    return Postgres(config.database, clock)


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Database]:
    """The database of a cloud that was started at least once by this version. Raises NotThere, ValueError, Unavailable."""
    from ...kernel.clock import SystemClock
    from ...kernel.db import migrations

    if not config.database and not (config.state / "cumulet.db").exists():
        raise NotThere(f"There is no cloud in {config.state}: start one with cumulet up, or name its folder with --state.")
    db = database(config, SystemClock())
    try:
        found, newest = await migrations.revision(db), migrations.revisions()[-1]
        if found != newest:
            raise NotThere(f"The database has schema {found}, this program has {newest}: start the cloud once with this program.")
        yield db
    finally:
        await db.close()


def with_keys(config: Config, work: Callable[[Database, Rings], Awaitable[T]]) -> T:
    """Run `work` with the database and the rings. Ends the command, saying why, if that cannot be done."""

    from .. import wire

    async def run() -> T:
        async with opened(config) as db:
            return await work(db, await wire.key_rings(config, db))

    return ended_well(run)


def with_database(config: Config, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with the database. Ends the command, saying why, if that cannot be done."""

    async def run() -> T:
        async with opened(config) as db:
            return await work(db)

    return ended_well(run)


def ended_well(run: Callable[[], Awaitable[T]]) -> T:
    """Run to the end. Ends the command, saying why, for what an operator can mend."""

    async def whole() -> T:
        return await run()

    try:
        return asyncio.run(whole())
    except ValueError as problem:
        raise failure(str(problem)) from None
    except Problem as problem:
        raise failure(f"{problem.message} {problem.internal}".strip()) from None
