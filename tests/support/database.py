"""Fresh databases, quickly; or PostgreSQL's, if the whole run is on that.

The tables are made once a process. A test of SQLite itself gets a copy of that file; any other test an open database, whose rows
are put back afterwards, with all the statements that were prepared: to prepare them takes longer than to run them on few rows.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections import defaultdict
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
_kept: dict[bytes, list[_Kept]] = defaultdict(list)
"""Open databases that no test is using, by the file that they were made of."""


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
        async with reused_sqlite(clock, await _template(*more), metadata, *more) as made_too:
            yield made_too


class _Kept:
    """The two connections of a database, and what makes it as new."""

    def __init__(self, template: bytes, tables: tuple[sa.MetaData, ...]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="cumulet-test-", dir=MEMORY))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self.path = folder / "cumulet.db"
        self.path.write_bytes(template)
        first = Sqlite(self.path, durable=False)
        self.connections = [first._writer, first._reader]
        names = [table.name for each in tables for table in each.sorted_tables]
        rows = {name: first._writer.execute(f"SELECT * FROM {name}").fetchall() for name in names}
        # To ask all tables at once whether they have rows is quicker than to tell each of them to delete them.
        self._used = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in reversed(names))
        self._fill = [(f"INSERT INTO {name} VALUES ({','.join('?' * len(some[0]))})", some) for name, some in rows.items() if some]

    def renew(self) -> bool:
        """Put the rows back that there were at first. False, and closed, if a test has left something in which that cannot be."""
        writer = self.connections[0]
        try:
            writer.execute("BEGIN")
            for (name,) in writer.execute(self._used).fetchall():
                writer.execute(f"DELETE FROM {name}")
            for statement, rows in self._fill:
                writer.executemany(statement, rows)
            writer.execute("COMMIT")
        except sqlite3.Error:
            for connection in self.connections:
                connection.close()
            return False
        return True


class _Reused(Sqlite):
    """A database on connections that stay open."""

    def __init__(self, kept: _Kept, clock: Clock) -> None:
        self._connections = iter(kept.connections)
        super().__init__(kept.path, clock, durable=False)

    def _open(self, *more: str) -> sqlite3.Connection:
        return next(self._connections)

    async def close(self) -> None:
        if self._flusher is not None:
            await self._flusher


@asynccontextmanager
async def reused_sqlite(clock: Clock, template: bytes, *tables: sa.MetaData) -> AsyncIterator[Sqlite]:
    """A database with the `tables` and rows of the file `template`; other tests have used it and will."""
    unused = _kept[template]
    kept = unused.pop() if unused else _Kept(template, tables)
    db = _Reused(kept, clock)
    try:
        yield db
    finally:
        await db.close()
        if kept.renew():
            unused.append(kept)


@asynccontextmanager
async def fresh_sqlite(clock: Clock, *more: sa.MetaData) -> AsyncIterator[Sqlite]:
    """An SQLite database with every table that is known so far, and those of `more`; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cumulet-test-", dir=MEMORY) as folder:
        path = Path(folder) / "cumulet.db"
        path.write_bytes(await _template(*more))
        db = Sqlite(path, clock, durable=False)
        try:
            yield db
        finally:
            await db.close()


def _shape(*more: sa.MetaData) -> tuple[int, ...]:
    return (len(metadata.tables), *(len(tables.tables) for tables in more), *(id(tables) for tables in more))


async def _template(*more: sa.MetaData) -> bytes:
    """A file with the tables and no row."""
    shape = _shape(*more)
    if shape not in _templates:
        with tempfile.TemporaryDirectory(prefix="cumulet-test-", dir=MEMORY) as folder:
            path = Path(folder) / "cumulet.db"
            db = Sqlite(path, durable=False)
            for known in (metadata, *more):
                await db.create(known)
            await db.close()
            _templates[shape] = path.read_bytes()
    return _templates[shape]
