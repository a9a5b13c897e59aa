"""Fresh databases, quickly: the tables are made once and the file is copied."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa

from cumulet.kernel.clock import Clock
from cumulet.kernel.db import Sqlite, metadata

_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
_templates: dict[tuple[int, ...], bytes] = {}


@asynccontextmanager
async def fresh_database(clock: Clock, *more: sa.MetaData) -> AsyncIterator[Sqlite]:
    """An SQLite database with every table that is known so far, and those of `more`; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cumulet-test-", dir=_MEMORY) as folder:
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
