"""The schema's revision: what a start does with an empty, an older and a newer database; on both databases."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from cumulet.app.cloud import Cloud
from cumulet.kernel.db import Query, Sqlite, metadata, migrations
from cumulet.kernel.db.migrations import SchemaRefused, prepare, revision
from cumulet.kernel.db.postgres import Postgres
from support.clock import FakeClock
from support.postgres import empty_postgres

assert Cloud, "importing it has made every table known"

SECOND = '''
"""One more column, and one that goes."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    with op.batch_alter_table("roots") as batch:
        batch.add_column(sa.Column("colour", sa.Text, nullable=False, server_default="green"))
        batch.drop_column("size")
'''
FIRST = '''
"""Two tables."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    op.create_table("roots", sa.Column("id", sa.Text, primary_key=True), sa.Column("size", sa.Integer))
    op.create_table("leaves", sa.Column("root", sa.Text, sa.ForeignKey("roots.id", ondelete="CASCADE"), primary_key=True))
'''


def small_tables(*columns: sa.Column[Any]) -> sa.MetaData:
    tables = sa.MetaData()
    sa.Table("roots", tables, sa.Column("id", sa.Text, primary_key=True), *columns)
    sa.Table("leaves", tables, sa.Column("root", sa.Text, sa.ForeignKey("roots.id", ondelete="CASCADE"), primary_key=True))
    return tables


OLD = small_tables(sa.Column("size", sa.Integer))
NEW = small_tables(sa.Column("colour", sa.Text, nullable=False, server_default="green"))
LEAVES: Query[Any] = Query(sa.select(NEW.tables["leaves"].c.root))
ROOTS: Query[Any] = Query(sa.select(NEW.tables["roots"]))


@pytest.fixture(params=["sqlite", "postgres"])
async def db(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Sqlite | Postgres]:
    """A database without a table."""
    if request.param == "sqlite":
        made = Sqlite(tmp_path / "cumulet.db", clock, durable=False)
        yield made
        await made.close()
    else:
        async with empty_postgres(request.getfixturevalue("postgres_dsn"), clock) as made_too:
            yield made_too


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program's migrations: only the first one."""
    made = tmp_path / "migrations"
    (made / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        shutil.copy(migrations.FOLDER / name, made)
    (made / "versions" / "0001_first.py").write_text(FIRST)
    return made


def learn_second(folder: Path, text: str = SECOND) -> None:
    (folder / "versions" / "0002_second.py").write_text(text)


async def fill(db: Sqlite | Postgres) -> None:
    async with db.tx() as tx:
        await tx.do(Query(sa.insert(OLD.tables["roots"]).values(id="oak", size=3)))
        await tx.do(Query(sa.insert(OLD.tables["leaves"]).values(root="oak")))


async def on_connection(db: Sqlite | Postgres, ask: Any) -> Any:
    """What `ask(connection)` finds, on one of SQLAlchemy's own connections."""
    if isinstance(db, Sqlite):
        engine = sa.create_engine(f"sqlite:///{db.path}")
        with engine.connect() as connection:
            found = ask(connection)
        engine.dispose()
        return found
    import asyncpg

    async_engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(db.dsn))
    async with async_engine.connect() as connection:
        found = await connection.run_sync(ask)
    await async_engine.dispose()
    return found


def differences(connection: sa.Connection) -> list[Any]:
    """What Alembic would have a next migration change."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    found = compare_metadata(context, metadata)
    return [
        change for change in found if change[0] != "remove_table" or change[1].name not in ("sqlite_sequence", "alembic_version")
    ]


def shape(connection: sa.Connection) -> list[Any]:
    """What Alembic does not compare too: the order of columns, conditions of indexes, checks, actions of foreign keys."""
    look = sa.inspect(connection)
    found: list[Any] = []
    for table in sorted(look.get_table_names()):
        columns = [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(table)]
        keys = [(k["constrained_columns"], k["referred_table"], k["options"]) for k in look.get_foreign_keys(table)]
        indexes = [(i["name"], i["column_names"], i["unique"], condition(i)) for i in look.get_indexes(table)]
        checks = [(c["name"], c["sqltext"]) for c in look.get_check_constraints(table)]
        uniques = [c["column_names"] for c in look.get_unique_constraints(table)]
        primary = look.get_pk_constraint(table)["constrained_columns"]
        rest = [sorted(map(repr, each)) for each in (keys, indexes, checks, uniques)]
        found.append((table, columns, primary, *rest, is_counted(connection, table)))
    return [entry for entry in found if entry[0] not in ("alembic_version", "sqlite_sequence")]


def condition(index: Any) -> list[str]:
    """The condition of a partial index."""
    return [str(value) for name, value in index["dialect_options"].items() if name.endswith("_where")]


def is_counted(connection: sa.Connection, table: str) -> bool:
    """Whether SQLite never uses a key of the table twice."""
    if connection.dialect.name != "sqlite":
        return False
    text = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}).scalar_one()
    return "AUTOINCREMENT" in text


async def test_all_migrations_on_an_empty_database_make_exactly_the_tables_of_the_source(db: Sqlite | Postgres) -> None:
    await migrations.upgrade(db, metadata, migrations.FOLDER, "")
    assert await on_connection(db, differences) == [], "a migration is missing: make migration NAME=…"
    upgraded = await on_connection(db, shape)
    assert len(upgraded) == len(metadata.tables)
    await forget(db)
    await prepare(db, metadata)
    assert await on_connection(db, shape) == upgraded


async def forget(db: Sqlite | Postgres) -> None:
    async with db.tx() as tx:
        for tables in (metadata, migrations.VERSION):
            for table in reversed(tables.sorted_tables):
                await tx.do(Query(sa.text(f'DROP TABLE "{table.name}"')))


async def test_an_empty_database_gets_every_table_and_the_newest_revision(db: Sqlite | Postgres, folder: Path) -> None:
    learn_second(folder)
    await prepare(db, NEW, folder)
    assert await revision(db) == "0002"
    async with db.read() as tx:
        assert await tx.all(ROOTS) == []


async def test_a_second_start_asks_for_the_revision_and_does_nothing_else(db: Sqlite | Postgres, folder: Path) -> None:
    await prepare(db, OLD, folder)
    db.trace = []
    await prepare(db, OLD, folder)
    assert db.trace is not None
    assert len(db.trace) == 1
    assert "alembic_version" in db.trace[0]
    assert db.trace[0].lstrip().upper().startswith("SELECT")


async def test_an_older_database_is_upgraded_with_its_rows(db: Sqlite | Postgres, folder: Path) -> None:
    await prepare(db, OLD, folder)
    await fill(db)
    learn_second(folder)
    await prepare(db, NEW, folder)
    assert await revision(db) == "0002"
    async with db.read() as tx:
        assert await tx.all(ROOTS) == [("oak", "green")]
        assert await tx.all(LEAVES) == [("oak",)]


async def test_the_file_as_it_was_is_kept_beside_an_upgraded_one(tmp_path: Path, folder: Path, clock: FakeClock) -> None:
    db = Sqlite(tmp_path / "cumulet.db", clock, durable=False)
    await prepare(db, OLD, folder)
    await fill(db)
    learn_second(folder)
    await prepare(db, NEW, folder)
    await db.close()
    assert copies(tmp_path) == [([("oak", 3)], [("0001",)], 0o600)]


def copies(folder: Path) -> list[Any]:
    """What is in the copies of the first schema: roots, revision, and who may read them."""
    found = []
    for path in folder.glob("cumulet.db.0001.*"):
        connection = sqlite3.connect(path)
        rows = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("roots", "alembic_version")]
        found.append((*rows, path.stat().st_mode & 0o777))
        connection.close()
    return found


async def test_an_upgrade_that_fails_changes_nothing(db: Sqlite | Postgres, folder: Path) -> None:
    await prepare(db, OLD, folder)
    await fill(db)
    learn_second(folder, SECOND + '    op.execute("SELECT no_such_column FROM roots")\n')
    before = await on_connection(db, shape)
    with pytest.raises(SchemaRefused, match="nothing in it was changed"):
        await prepare(db, NEW, folder)
    assert await revision(db) == "0001"
    assert await on_connection(db, shape) == before


async def test_an_upgrade_that_leaves_rows_without_their_parents_is_taken_back(
    tmp_path: Path, folder: Path, clock: FakeClock
) -> None:
    db = Sqlite(tmp_path / "cumulet.db", clock, durable=False)
    await prepare(db, OLD, folder)
    await fill(db)
    learn_second(folder, SECOND + '    op.execute("DELETE FROM roots")\n')
    with pytest.raises(SchemaRefused, match="leaves"):
        await prepare(db, NEW, folder)
    assert await revision(db) == "0001"
    await db.close()


async def test_F7_a_database_newer_than_the_program_is_refused(db: Sqlite | Postgres, folder: Path) -> None:
    learn_second(folder)
    await prepare(db, NEW, folder)
    (folder / "versions" / "0002_second.py").unlink()
    before = await on_connection(db, shape)
    with pytest.raises(SchemaRefused, match="has schema 0002, this program knows those up to 0001"):
        await prepare(db, OLD, folder)
    assert await on_connection(db, shape) == before


async def test_F7_a_database_of_somebody_else_is_refused(db: Sqlite | Postgres, folder: Path) -> None:
    await db.create(OLD)
    with pytest.raises(SchemaRefused, match="no schema revision"):
        await prepare(db, OLD, folder)


async def test_two_processes_that_start_at_once_make_the_tables_once(postgres_dsn: str, clock: FakeClock, folder: Path) -> None:
    async with empty_postgres(postgres_dsn, clock) as db:
        neighbour = Postgres(postgres_dsn, clock, size=2)
        await asyncio.gather(prepare(db, OLD, folder), prepare(neighbour, OLD, folder))
        learn_second(folder)
        await asyncio.gather(prepare(db, NEW, folder), prepare(neighbour, NEW, folder))
        assert await revision(db) == await revision(neighbour) == "0002"
        await neighbour.close()
