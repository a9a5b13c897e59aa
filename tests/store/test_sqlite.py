"""SQLite's group commit, and its disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cumulet.kernel.db import Query, Sqlite
from cumulet.kernel.errors import Unavailable
from support.clock import FakeClock

TABLES = sa.MetaData()
PARENTS = sa.Table("parents", TABLES, sa.Column("id", sa.Text, primary_key=True))
CHILDREN = sa.Table(
    "children",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("parent", sa.Text, sa.ForeignKey(PARENTS.c.id, deferrable=True, initially="DEFERRED")),
)
"""A child without a parent makes the COMMIT fail, not the INSERT."""

ADD: Query[Any] = Query(sa.insert(CHILDREN).values(id=sa.bindparam("id"), parent=sa.bindparam("parent")))
COUNT: Query[Any] = Query(sa.select(sa.func.count()).select_from(CHILDREN))


async def settle_into(db: Sqlite) -> None:
    """Return once a transaction waits for its COMMIT."""
    for _ in range(100):
        if db._batch:
            return
        await asyncio.sleep(0)
    raise AssertionError("no transaction began")


@pytest.fixture
async def db(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Sqlite]:
    database = Sqlite(tmp_path / "durable.db", clock)
    await database.create(TABLES)
    yield database
    await database.close()


async def add(db: Sqlite, child: str, parent: str | None = None) -> None:
    async with db.tx() as tx:
        await tx.do(ADD, id=child, parent=parent)
        tx.signal("children", child)


async def fill(db: Sqlite) -> None:
    async with db.tx() as tx:
        for number in range(1000):
            await tx.do(ADD, id=f"{number} {'x' * 1000}", parent=None)


async def count(db: Sqlite) -> int:
    async with db.read() as tx:
        found = await tx.one(COUNT)
    return int(found[0]) if found else 0


async def test_transactions_that_are_ready_together_share_a_commit(db: Sqlite) -> None:
    commits: list[str] = []
    db._writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    await asyncio.gather(*(add(db, str(number)) for number in range(50)))
    assert await count(db) == 50
    assert len(commits) < 10


async def test_a_commit_that_fails_reaches_every_transaction_that_shared_it(db: Sqlite) -> None:
    heard: list[str] = []
    db.subscribe("children", heard.append)
    outcomes = await asyncio.gather(add(db, "a"), add(db, "orphan", "nobody"), add(db, "b"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert len({id(outcome) for outcome in outcomes}) == 3
    assert (await count(db), heard) == (0, [])
    await add(db, "c")
    assert (await count(db), heard) == (1, ["c"])


async def test_a_full_disk_is_unavailable_and_leaves_nothing_half_done(db: Sqlite) -> None:
    (pages,) = db._writer.execute("PRAGMA page_count").fetchone()
    db._writer.execute(f"PRAGMA max_page_count={pages + 2}")
    before = await count(db)
    with pytest.raises(Unavailable, match="disk is full"):
        await fill(db)
    assert await count(db) == before
    db._writer.execute("PRAGMA max_page_count=100000")
    await add(db, "afterwards")
    assert await count(db) == before + 1


async def test_neighbours_of_a_transaction_that_filled_the_disk_are_told(db: Sqlite) -> None:
    (pages,) = db._writer.execute("PRAGMA page_count").fetchone()
    db._writer.execute(f"PRAGMA max_page_count={pages + 2}")
    small, large = await asyncio.gather(add(db, "small"), fill(db), return_exceptions=True)
    assert isinstance(large, Unavailable)
    assert await count(db) == (0 if isinstance(small, Unavailable) else 1)


async def test_a_task_that_is_cancelled_while_it_commits_is_still_signalled(db: Sqlite) -> None:
    heard: list[str] = []
    db.subscribe("children", heard.append)
    task = asyncio.create_task(add(db, "a"))
    await settle_into(db)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await add(db, "b")
    assert (await count(db), heard) == (2, ["a", "b"])


async def test_a_transaction_within_a_transaction_is_refused_rather_than_hanging(db: Sqlite) -> None:
    async with db.tx():
        with pytest.raises(RuntimeError, match="within a transaction"):
            await add(db, "a")
    await add(db, "b")
    assert await count(db) == 1


async def test_what_was_committed_is_there_after_a_restart(tmp_path: Path, db: Sqlite, clock: FakeClock) -> None:
    await add(db, "a")
    other = Sqlite(tmp_path / "durable.db", clock)  # as after kill -9: the first one is never closed
    assert await count(other) == 1
    await other.close()


async def test_what_another_process_commits_is_heard_of_once_and_ones_own_is_not(tmp_path: Path, db: Sqlite) -> None:
    heard: list[str] = []
    db.subscribe("anything", heard.append)
    await add(db, "a")
    db.hear_strangers()
    assert heard == []
    stranger = Sqlite(db.path)
    await add(stranger, "b")
    await stranger.close()
    db.hear_strangers()
    db.hear_strangers()
    assert heard == [""]
