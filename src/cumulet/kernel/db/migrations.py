"""The schema's revision: an empty database is made, an older one upgraded, a newer or unknown one refused.

The newest revision is the highest number among the files of `migrations/versions`. A start of the program reads the stored one with
one statement; Alembic is imported only for an upgrade.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..clock import stamp
from . import copies
from .protocol import MissingTable
from .query import Query, among
from .sqlite import Sqlite

if TYPE_CHECKING:
    from .postgres import Postgres

FOLDER = Path(__file__).parents[2] / "migrations"

VERSION = sa.MetaData()
_version = sa.Table("alembic_version", VERSION, sa.Column("version_num", sa.String(32), primary_key=True))
_REVISION: Query[Any] = Query(sa.select(_version.c.version_num))

_sqlite_tables = sa.table("sqlite_master", sa.column("name", sa.Text))
_ON_SQLITE: Query[Any] = Query(sa.select(_sqlite_tables.c.name).where(among(_sqlite_tables.c.name, "names")))
_postgres_tables = sa.table("pg_tables", sa.column("schemaname", sa.Text), sa.column("tablename", sa.Text))
_ON_POSTGRES: Query[Any] = Query(
    sa.select(_postgres_tables.c.tablename).where(
        _postgres_tables.c.schemaname == sa.func.current_schema(), among(_postgres_tables.c.tablename, "names")
    )
)

log = logging.getLogger("cumulet.db")


class SchemaRefused(ValueError):
    """The database is not one that this program can use; nothing in it was changed. The message says what to do."""


async def prepare(db: Sqlite | Postgres, tables: sa.MetaData, folder: Path = FOLDER) -> None:
    """Bring the database to the newest revision: one statement if it is there.

    Before an upgrade an SQLite file is copied, beside itself. Raises SchemaRefused, and Unavailable.
    """
    known = revisions(folder)
    found = await revision(db)
    if found is None:
        await _make(db, tables, known[-1])
        found = await revision(db)
    if found == known[-1]:
        return
    if found not in known:
        raise SchemaRefused(
            f"The database has schema {found}, this program knows those up to {known[-1]}: start the newer program that wrote it, "
            "or restore the copy made before its upgrade."
        )
    log.warning("upgrading the database from schema %s to %s", found, known[-1])
    await upgrade(db, tables, folder, found)


def revisions(folder: Path = FOLDER) -> list[str]:
    """The numbers of the migrations that this program has, in order."""
    return sorted(path.name[:4] for path in (folder / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


async def revision(db: Sqlite | Postgres) -> str | None:
    """The stored revision; None if there is none."""
    async with db.read() as tx:
        try:
            found = await tx.one(_REVISION)
        except MissingTable:
            return None
    return str(found[0]) if found else None


async def _make(db: Sqlite | Postgres, tables: sa.MetaData, newest: str) -> None:
    """Every table at once, as the newest program knows it, without a walk through history."""
    query = _ON_SQLITE if isinstance(db, Sqlite) else _ON_POSTGRES
    async with db.read() as tx:
        strangers = await tx.all(query, names=list(tables.tables))
    if strangers and await revision(db) is None:
        raise SchemaRefused(
            f"The database has a table {strangers[0][0]} but no schema revision: it is not one of this program, or was made before "
            "schemas had numbers. Use an empty one."
        )
    mark = f"INSERT INTO alembic_version SELECT '{newest}' WHERE NOT EXISTS (SELECT 1 FROM alembic_version)"
    await db.create(tables, VERSION, then=[mark])


async def upgrade(db: Sqlite | Postgres, tables: sa.MetaData, folder: Path, found: str) -> None:
    """Run every migration after `found`, in one transaction. Raises SchemaRefused if one fails."""

    def run(connection: sa.Connection) -> None:
        _run(connection, tables, folder)

    try:
        if isinstance(db, Sqlite):
            copy = db.path.with_name(f"{db.path.name}.{found}.{stamp(db.clock.now()).replace(':', '')}")
            await asyncio.to_thread(copies.copy, db.path, copy)
            log.warning("the database as it was is in %s", copy)
            await asyncio.to_thread(_on_sqlite, db.path, run)
        else:
            await _on_postgres(db.dsn, run)
    except Exception as problem:
        log.exception("the upgrade failed")
        raise SchemaRefused(
            f"The upgrade of the database from schema {found} failed; nothing in it was changed: {problem}"
        ) from problem


def _run(connection: sa.Connection, tables: sa.MetaData, folder: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes.update(connection=connection, tables=tables)
    command.upgrade(config, "head")


def _on_sqlite(path: Path, run: Callable[[sa.Connection], None]) -> None:
    """Foreign keys are off while tables are replaced by altered copies, and checked before the commit."""
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(path, isolation_level=None), poolclass=sa.NullPool)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        run(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise LookupError(f"rows of {broken[0][0]} refer to rows of {broken[0][2]} that are not there")


async def _on_postgres(dsn: str, run: Callable[[sa.Connection], None]) -> None:
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine

    from .postgres import LOCK_SCHEMA

    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), poolclass=sa.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(LOCK_SCHEMA)
            await connection.run_sync(run)
    finally:
        await engine.dispose()
