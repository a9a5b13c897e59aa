"""A PostgreSQL server for the tests, private to them: its own cluster in a temporary folder, reached by a unix socket only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import sqlalchemy as sa

from cumulet.kernel.clock import Clock
from cumulet.kernel.db import metadata
from cumulet.kernel.db.postgres import Postgres

SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
}
_shapes: dict[str, tuple[int, ...]] = {}


def binaries() -> Path | None:
    """Where the newest installed PostgreSQL server is; None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server and yield the DSN of its database; it is stopped and removed afterwards."""
    programs = binaries()
    assert programs is not None, "no PostgreSQL server is installed"
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    with tempfile.TemporaryDirectory(prefix="cumulet-pg-") as folder:
        if user is not None:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), *arguments]
            done = subprocess.run(command, user=user, cwd=folder, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8"})
            assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

        run("initdb", "-D", f"{folder}/data", "-U", "cumulet", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items()) + f" -k {folder}"
        run("pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://cumulet@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")


@asynccontextmanager
async def fresh_postgres(dsn: str, clock: Clock, *more: sa.MetaData) -> AsyncIterator[Postgres]:
    """The server's database with every table that is known so far, and those of `more`, empty."""
    db = Postgres(dsn, clock, size=5)
    try:
        shape = (len(metadata.tables), *(id(tables) for tables in more))
        if _shapes.get(dsn) == shape:
            await _empty(dsn)
        else:
            await _make(db, dsn, *more)
            _shapes[dsn] = shape
        yield db
    finally:
        await db.close()


async def _make(db: Postgres, dsn: str, *more: sa.MetaData) -> None:
    await _execute(dsn, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    for tables in (metadata, *more):
        await db.create(tables)


async def _empty(dsn: str) -> None:
    every_table = "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
    await _execute(dsn, f"DO $$ BEGIN EXECUTE 'TRUNCATE ' || ({every_table}) || ' RESTART IDENTITY CASCADE'; END $$")


async def _execute(dsn: str, *statements: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
