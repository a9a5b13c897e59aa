"""Fresh databases, quickly: the tables are made once and the file is copied; or PostgreSQL's, if the whole run is on that."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa

from cumulet.kernel.clock import Clock
from cumulet.kernel.db import Sqlite, metadata
from cumulet.kernel.db.postgres import Postgres

from .postgres import fresh_postgres

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
_templates: dict[tuple[int, ...], bytes] = {}


CHOICE = "CUMULET_TEST_DATABASE"
"""The environment's choice of a database for tests that do not care: sqlite, the default, or postgresql."""

DSN = "CUMULET_TEST_DSN"
"""Where this run's own PostgreSQL server is, once it was chosen and started."""


@asynccontextmanager
async def fresh_database(clock: Clock, *more: sa.MetaData) -> AsyncIterator[Sqlite | Postgres]:
    """A database with every table that is known so far, and those of `more`; gone afterwards."""
    if DSN in os.environ:
        async with fresh_postgres(os.environ[DSN], clock, *more) as made:
            yield made
    else:
        async with fresh_sqlite(clock, *more) as made_too:
            yield made_too


@asynccontextmanager
async def fresh_sqlite(clock: Clock, *more: sa.MetaData) -> AsyncIterator[Sqlite]:
    """An SQLite database with every table that is known so far, and those of `more`; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cumulet-test-", dir=MEMORY) as folder:
        path = Path(folder) / "cumulet.db"
        shape = (len(metadata.tables), *(len(tables.tables) for tables in more), *(id(tables) for tables in more))
        if shape not in _templates:
            await _make(path, metadata, *more)
            _templates[shape] = path.read_bytes()
        path.write_bytes(_templates[shape])
        db = Sqlite(path, clock, durable=False)
        try:
            yield db
        finally:
            await db.close()


async def _make(path: Path, *tables: sa.MetaData) -> None:
    db = Sqlite(path, durable=False)
    for known in tables:
        await db.create(known)
    await db.close()
