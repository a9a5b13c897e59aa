"""What PostgreSQL has of its own: other processes, deadlocks, lost connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from cumulet.kernel.db import Query
from cumulet.kernel.db.postgres import Postgres
from cumulet.kernel.errors import Unavailable
from support.clock import FakeClock
from support.postgres import fresh_postgres

TABLES = sa.MetaData()
THINGS = sa.Table("pg_things", TABLES, sa.Column("id", sa.Text, primary_key=True), sa.Column("size", sa.Integer, nullable=False))
ADD: Query[Any] = Query(sa.insert(THINGS).values(id=sa.bindparam("id"), size=0))
GROW: Query[Any] = Query(sa.update(THINGS).where(THINGS.c.id == sa.bindparam("b_id")).values(size=THINGS.c.size + 1))
SIZES: Query[Any] = Query(sa.select(THINGS.c.size).order_by(THINGS.c.id))
KILL: Query[Any] = Query(
    sa.select(sa.func.pg_terminate_backend(sa.column("pid")))
    .select_from(sa.text("pg_stat_activity"))
    .where(sa.text("application_name LIKE 'cumulet%' AND pid <> pg_backend_pid()"))
)


@pytest.fixture
async def db(postgres_dsn: str, clock: FakeClock) -> AsyncIterator[Postgres]:
    async with fresh_postgres(postgres_dsn, clock, TABLES) as made:
        yield made


@pytest.fixture
async def neighbour(postgres_dsn: str, db: Postgres, clock: FakeClock) -> AsyncIterator[Postgres]:
    """The same database as another process has it."""
    other = Postgres(postgres_dsn, clock, size=2)
    await other.connect()
    yield other
    await other.close()


async def add(db: Postgres, *things: str) -> None:
    async with db.tx() as tx:
        for thing in things:
            await tx.do(ADD, id=thing)


async def test_other_processes_hear_signals_and_the_sender_hears_each_once(db: Postgres, neighbour: Postgres) -> None:
    here: list[str] = []
    there: asyncio.Queue[str] = asyncio.Queue()
    db.subscribe("things", here.append)
    neighbour.subscribe("things", there.put_nowait)
    async with db.tx() as tx:
        tx.signal("things", "a")
        tx.signal("things", "ü/b")
    assert [await there.get(), await there.get()] == ["a", "ü/b"]
    async with neighbour.tx() as tx:
        tx.signal("things", "back")
    await there.get()
    while here != ["a", "ü/b", "back"]:
        assert len(here) < 3
        await asyncio.sleep(0)


async def test_of_two_deadlocked_transactions_one_is_told_to_retry(db: Postgres) -> None:
    await add(db, "a", "b")
    both_have_one = asyncio.Barrier(2)

    async def cross(first: str, second: str) -> None:
        async with db.tx() as tx:
            await tx.do(GROW, b_id=first)
            await both_have_one.wait()
            await tx.do(GROW, b_id=second)

    outcomes = await asyncio.gather(cross("a", "b"), cross("b", "a"), return_exceptions=True)
    (lost,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(lost, Unavailable)
    assert lost.code == "retry"
    async with db.read() as tx:
        assert await tx.all(SIZES) == [(1,), (1,)]


async def test_a_lost_connection_is_unavailable_once_and_then_replaced(db: Postgres, neighbour: Postgres) -> None:
    await add(db, "a")
    async with db.read() as tx:
        await tx.all(SIZES)
        async with neighbour.read() as killer:
            await killer.all(KILL)
        with pytest.raises(Unavailable, match="does not answer"):
            await tx.all(SIZES)
    await add(db, "b")
    async with db.read() as tx:
        assert await tx.all(SIZES) == [(0,), (0,)]


async def test_signals_are_heard_again_after_the_connection_for_them_was_lost(db: Postgres, neighbour: Postgres) -> None:
    there: asyncio.Queue[str] = asyncio.Queue()
    neighbour.subscribe("things", there.put_nowait)
    async with db.read() as killer:
        await killer.all(KILL)
    assert await there.get() == ""  # it may have missed some
    while there.empty():  # not before the sender has connected again
        async with db.tx() as tx:
            tx.signal("things", "again")
    assert await there.get() == "again"


async def test_a_transaction_that_is_cancelled_leaves_nothing_and_its_connection_is_used_again(db: Postgres) -> None:
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with db.tx() as tx:
            await tx.do(ADD, id="a")
            inside.set()
            await asyncio.Event().wait()

    for _ in range(7):  # more often than there are connections
        inside.clear()
        task = asyncio.create_task(never_ends())
        await inside.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with db.read() as tx:
        assert await tx.all(SIZES) == []


async def test_a_server_that_is_not_there_is_unavailable(clock: FakeClock) -> None:
    db = Postgres("postgresql://nobody@/none?host=/nonexistent", clock)
    with pytest.raises(Unavailable, match="does not answer"):
        await db.connect()
    await db.close()


async def test_two_processes_can_make_the_tables_at_once(db: Postgres, neighbour: Postgres) -> None:
    more = sa.MetaData()
    sa.Table("made_by_two", more, sa.Column("id", sa.Text, primary_key=True))
    await asyncio.gather(db.create(more), neighbour.create(more))
    async with db.tx() as tx:
        await tx.do(Query(sa.text("DROP TABLE made_by_two")))


async def test_an_error_of_the_caller_is_not_mistaken_for_one_of_the_database(db: Postgres) -> None:
    async def lose_an_agent() -> None:
        async with db.tx() as tx:
            await tx.do(ADD, id="a")
            raise ConnectionResetError("an agent went away")

    with pytest.raises(ConnectionResetError):
        await lose_an_agent()
    async with db.read() as tx:
        assert await tx.all(SIZES) == []
