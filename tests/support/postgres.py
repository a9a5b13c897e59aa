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
FORGET_ROWS = """
DO $$ DECLARE found record; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR found IN
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('DELETE FROM %I', found.relname);
    END LOOP;
    FOR found IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', found.sequencename);
    END LOOP;
END $$"""
"""Cheaper than TRUNCATE where tables have few rows; no trigger or foreign key looks on. A table without a file never had a row: to
leave out those makes it several times as quick."""


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
        if not await _emptied(dsn, f"{len(metadata.tables)} tables and {[id(tables) for tables in more]}"):
            await db.create(metadata, *more)
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def empty_postgres(dsn: str, clock: Clock) -> AsyncIterator[Postgres]:
    """The server's database without a table."""
    await _emptied(dsn, "nothing")
    db = Postgres(dsn, clock, size=2)
    try:
        yield db
    finally:
        await db.close()
        await _emptied(dsn, "")


async def cloud_postgres(dsn: str) -> None:
    """Make the server's database ready for a cloud to be opened: no table, or those that an earlier cloud has made, empty."""
    await _emptied(dsn, f"a cloud of {len(metadata.tables)} tables")


async def _emptied(dsn: str, shape: str) -> bool:
    """Forget all rows if the tables are of this shape, which the schema's comment tells, else all tables; whether it was so."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("SELECT obj_description('public'::regnamespace)") == shape:
            await connection.execute(FORGET_ROWS)
            return True
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.execute(f"COMMENT ON SCHEMA public IS '{shape}'")
        return False
    finally:
        await connection.close()
