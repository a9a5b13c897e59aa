"""SQLite, driven inline on the event loop: a statement takes 10-50 µs, a thread hop more.

One connection writes, behind a fair lock; one reads. Group commit: transactions that arrive while a COMMIT is being made durable
share the next one. Each is a savepoint, so one that fails does not spoil its neighbours; and each returns to its caller only
after the shared COMMIT is on disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from ..clock import Clock, Stamp, SystemClock, stamp
from ..errors import Unavailable
from .protocol import Duplicate, MissingTable, Subscriber, tell
from .query import SQLITE, Compiled, Query, create_statements, oversized

R = TypeVar("R")


class SqliteReader:
    """Statements on one connection."""

    __slots__ = ("_connection", "_database", "_stamp", "now", "signals")

    def __init__(self, connection: sqlite3.Connection, database: Sqlite) -> None:
        self._connection = connection
        self._database = database
        self._stamp: Stamp | None = None
        self.now = database.clock.now()
        self.signals: list[tuple[str, str]] = []

    async def __aenter__(self) -> SqliteReader:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to give back: the connection stays open."""

    @property
    def stamp(self) -> Stamp:
        """`now`, as the text that is stored."""
        if self._stamp is None:
            self._stamp = stamp(self.now)
        return self._stamp

    def _run(self, query: Query[Any], values: dict[str, Any]) -> tuple[Compiled, sqlite3.Cursor]:
        made, arguments = query.bind(SQLITE, values)
        try:
            return made, self._execute(made.sql, arguments)
        except OverflowError:
            raise oversized(made, arguments) from None

    def _execute(self, sql: str, arguments: list[Any]) -> sqlite3.Cursor:
        self._database.statements += 1
        if self._database.trace is not None:
            self._database.trace.append(sql)
        try:
            return self._connection.execute(sql, arguments)
        except sqlite3.Error as problem:
            ours = _ours(problem)
            if ours is None:
                raise
            raise ours from None

    async def one(self, query: Query[R], **values: Any) -> R | None:
        """The first row, or None. Raises Invalid for a number of more than 64 bits, as `all` does."""
        made, cursor = self._run(query, values)
        raw = cursor.fetchone()
        return None if raw is None else query.shape(made, raw)

    async def all(self, query: Query[R], **values: Any) -> list[R]:
        """Every row."""
        made, cursor = self._run(query, values)
        return query.shapes(made, cursor.fetchall())


class SqliteTx(SqliteReader):
    """A savepoint on the writing connection."""

    __slots__ = ()

    @property
    def tells(self) -> bool:
        """Whether somebody outside wants to hear of what happens."""
        return self._database.tells

    async def do(self, query: Query[Any], **values: Any) -> int:
        """Run a statement and return how many rows it changed. Raises Duplicate, and Invalid for a number of more than 64 bits."""
        return self._run(query, values)[1].rowcount

    async def hold(self, name: str) -> None:
        """Nothing to do: there is no other transaction."""

    def signal(self, topic: str, key: str) -> None:
        """Tell the subscribers of `topic` about `key`, once this transaction is committed."""
        self.signals.append((topic, key))


def _ours(problem: sqlite3.Error) -> Exception | None:
    """SQLite's error as one of ours; None for a mistake in the statement or its values."""
    text = f"{problem.sqlite_errorname}: {problem}"
    match problem.sqlite_errorcode:
        case sqlite3.SQLITE_CONSTRAINT_UNIQUE | sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY | sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return Duplicate(str(problem))
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR_WRITE:
            return Unavailable("The database's disk is full.", internal=text)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable("The database is too busy; try again.", code="retry", internal=text)
        case code if code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return Unavailable("The database could not be written.", internal=text)
    return MissingTable(str(problem)) if "no such table" in text else None


def matches(pattern: str, text: str | None) -> bool:
    """`text REGEXP pattern`, in time linear in the text whatever the pattern; nothing matches what is no regular expression."""
    search = _search(pattern)
    return search is not None and text is not None and search(text) is not None


@lru_cache(maxsize=256)
def _search(pattern: str) -> Callable[[str], object] | None:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        found: Callable[[str], object] = re2.compile(pattern, options).search
    except re2.error:
        return None
    return found


class Sqlite:
    """A database file. `durable=False` skips the fsync (tests)."""

    def __init__(self, path: Path, clock: Clock | None = None, durable: bool = True) -> None:
        self.clock: Clock = clock or SystemClock()
        self.statements = 0
        self.alone = True
        self.tells = False
        self.trace: list[str] | None = None
        self.path = path
        self._durable = durable
        self._writer = self._open()
        self._reader = self._open("query_only=on")
        self._lock = asyncio.Lock()
        self._batch: list[tuple[asyncio.Future[None], list[tuple[str, str]]]] = []
        self._holder: asyncio.Task[Any] | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._subscribers: dict[str, list[Subscriber]] = defaultdict(list)
        self._version = self._data_version()

    def _data_version(self) -> int:
        """A number that differs once another connection than the writing one has changed the file."""
        found: int = self._writer.execute("PRAGMA data_version").fetchone()[0]
        return found

    def hear_strangers(self) -> None:
        """Tell every subscriber if another process, an operator's command, has changed the file since the last call."""
        version = self._data_version()
        if version != self._version:
            self._version = version
            self._tell([(topic, "") for topic in self._subscribers])

    def _open(self, *more: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=512)
        for pragma in (
            "journal_mode=wal",
            f"synchronous={'full' if self._durable else 'off'}",
            "busy_timeout=5000",
            "mmap_size=134217728",
            "temp_store=memory",  # what savepoints keep to go back to is otherwise a file: most writes of a transaction
            "foreign_keys=on",
            *more,
        ):
            connection.execute("PRAGMA " + pragma)
        connection.create_function("regexp", 2, matches, deterministic=True)
        return connection

    async def create(self, *tables: sa.MetaData, then: Sequence[str] = ()) -> None:
        """Make the tables and indexes that are not there yet, run the statements `then`: all of it or nothing."""
        async with self.tx() as tx:
            for statement in (*create_statements(tables, SQLITE), *then):
                tx._execute(statement, [])

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Call `subscriber(key)` for each committed `tx.signal(topic, key)`."""
        self._subscribers[topic].append(subscriber)

    def read(self) -> SqliteReader:
        """Reads outside a transaction."""
        return SqliteReader(self._reader, self)

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[SqliteTx]:
        """A write transaction; returns after it is durable. Raises Unavailable, and RuntimeError within another one of its task."""
        if self._holder is asyncio.current_task():
            raise RuntimeError("a transaction within a transaction: hand `tx` on instead")
        async with self._lock:
            self._begin()
            tx = SqliteTx(self._writer, self)
            self._holder = asyncio.current_task()
            try:
                yield tx
                self._writer.execute("RELEASE t")
            except BaseException:
                self._back_out()
                raise
            finally:
                self._holder = None
            committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._batch.append((committed, tx.signals))
            self._start_flusher()
        await committed

    def _begin(self) -> None:
        try:
            if not self._writer.in_transaction:
                self._writer.execute("BEGIN IMMEDIATE")
            self._writer.execute("SAVEPOINT t")
        except sqlite3.Error as problem:
            raise _ours(problem) or problem from None

    def _back_out(self) -> None:
        """Undo one savepoint; its neighbours in the batch stay, unless SQLite itself gave the whole transaction up."""
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK TO t")
            self._writer.execute("RELEASE t")
            self._start_flusher()
        else:
            self._settle("the database gave the transaction up")

    def _start_flusher(self) -> None:
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        try:
            while self._writer.in_transaction:
                await asyncio.sleep(0)  # transactions that are ready now join this commit
                async with self._lock:
                    await self._commit()
        finally:
            self._flusher = None

    async def _commit(self) -> None:
        try:
            if self._durable:
                await asyncio.to_thread(self._writer.execute, "COMMIT")
            elif self._writer.in_transaction:
                self._writer.execute("COMMIT")
        except sqlite3.Error as problem:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            self._settle(f"{problem.sqlite_errorname}: {problem}")
        else:
            self._settle(None)

    def _settle(self, problem: str | None) -> None:
        """Tell each transaction of the batch how its COMMIT went; and the subscribers, even of a task that waits no more."""
        batch, self._batch = self._batch, []
        for future, signals in batch:
            if problem is None:
                self._tell(signals)
            if future.done():
                continue
            if problem is None:
                future.set_result(None)
            else:
                future.set_exception(Unavailable("The database could not be written.", internal=problem))

    def _tell(self, signals: list[tuple[str, str]]) -> None:
        for topic, key in signals:
            tell(self._subscribers[topic], topic, key)

    async def close(self) -> None:
        """Finish what is being committed and disconnect."""
        if self._flusher is not None:
            await self._flusher
        self._reader.close()
        self._writer.close()
