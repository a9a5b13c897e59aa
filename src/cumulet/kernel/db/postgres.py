"""PostgreSQL 15 or newer, through asyncpg, which is imported only when a connection is needed.

Transactions are READ COMMITTED: as on SQLite each statement sees what was committed before it, but unlike there another transaction
may commit between two statements of this one. So what must hold at the commit is held by a constraint, a compare-and-set or a
locked row, never by a SELECT that came before.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from ..clock import Clock, Stamp, SystemClock, stamp
from ..errors import Unavailable
from .protocol import Duplicate, MissingTable, Subscriber, tell
from .query import POSTGRES, Compiled, Query, create_statements, oversized

if TYPE_CHECKING:
    from .notices import Notices

R = TypeVar("R")

PATIENCE = 30.0
"""Seconds to wait for a free connection."""

LOCK_SCHEMA = "SELECT pg_advisory_xact_lock(7061)"
"""Two processes may start at once: whoever makes or upgrades tables has this lock to the end of its transaction."""

HOLD = "SELECT pg_advisory_xact_lock(7062, hashtext($1))"
"""Two names with one hash only wait for each other."""

log = logging.getLogger("cumulet.db")


class _Loan:
    """The connection on which one task reads: taken from the pool at the first statement, given back at the end or when asked."""

    __slots__ = ("_connection", "_database")

    def __init__(self, database: Postgres) -> None:
        self._database = database
        self._connection: Any = None

    async def connection(self) -> Any:
        """The connection."""
        if self._connection is None:
            self._connection = await self._database.acquire()
        return self._connection

    async def give_back(self) -> None:
        """Let others have it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._database.release(connection)


class PostgresReader:
    """Statements, each in a transaction of its own."""

    __slots__ = ("_database", "_loan", "_stamp", "now", "signals")

    def __init__(self, database: Postgres, loan: Any) -> None:
        self._database = database
        self._loan = loan
        self._stamp: Stamp | None = None
        self.now = database.clock.now()
        self.signals: list[tuple[str, str]] = []

    @property
    def stamp(self) -> Stamp:
        """`now`, as the text that is stored."""
        if self._stamp is None:
            self._stamp = stamp(self.now)
        return self._stamp

    def _count(self, sql: str) -> None:
        self._database.statements += 1
        if self._database.trace is not None:
            self._database.trace.append(sql)

    async def one(self, query: Query[R], **values: Any) -> R | None:
        """The first row, or None."""
        made, arguments = query.bind(POSTGRES, values)
        self._count(made.sql)
        connection = await self._loan.connection()
        with translated(made, arguments):
            raw = await connection.fetchrow(made.sql, *arguments)
        return None if raw is None else query.shape(made, raw)

    async def all(self, query: Query[R], **values: Any) -> list[R]:
        """Every row."""
        made, arguments = query.bind(POSTGRES, values)
        self._count(made.sql)
        connection = await self._loan.connection()
        with translated(made, arguments):
            rows = await connection.fetch(made.sql, *arguments)
        return query.shapes(made, rows)


class PostgresTx(PostgresReader):
    """Statements in one transaction."""

    __slots__ = ("_connection",)

    def __init__(self, database: Postgres, connection: Any) -> None:
        super().__init__(database, self)
        self._connection = connection

    @property
    def tells(self) -> bool:
        """Whether somebody outside wants to hear of what happens."""
        return self._database.tells

    async def connection(self) -> Any:
        """The transaction's own."""
        return self._connection

    async def do(self, query: Query[Any], **values: Any) -> int:
        """Run a statement and return how many rows it changed. Raises Duplicate: the transaction is lost then."""
        made, arguments = query.bind(POSTGRES, values)
        self._count(made.sql)
        with translated(made, arguments):
            status: str = await self._connection.execute(made.sql, *arguments)
        count = status.rsplit(" ", 1)[-1]
        return int(count) if count.isdigit() else 0

    async def hold(self, name: str) -> None:
        """Wait for, and until the end of the transaction keep out, every other transaction that holds this name."""
        self._count(HOLD)
        with translated():
            await self._connection.execute(HOLD, name)

    def signal(self, topic: str, key: str) -> None:
        """Tell the subscribers of `topic` about `key`, in every process, once this transaction is committed."""
        self.signals.append((topic, key))


class Postgres:
    """A database by its DSN (`postgresql://…`), with at most `size` connections, two or more, and one more for notices.

    Nobody waits for a connection with one in hand that the other may be waiting for: transactions get all of them but one, so that
    what reads apart from them, in the middle of one too, comes to its turn; and a task that reads shares one connection among its
    nested reads, and gives it back before it begins a transaction.
    """

    def __init__(self, dsn: str, clock: Clock | None = None, size: int = 10) -> None:
        self.clock: Clock = clock or SystemClock()
        self.statements = 0
        self.alone = False
        self.tells = False
        self.trace: list[str] | None = None
        self.dsn, self._size = dsn, size
        self._pool: Any = None
        self._connecting = asyncio.Lock()
        self._turns = asyncio.Semaphore(size - 1)
        self._loans: dict[asyncio.Task[Any] | None, _Loan] = {}
        self._notices: Notices | None = None
        self._subscribers: dict[str, list[Subscriber]] = defaultdict(list)

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Call `subscriber(key)` for each committed `tx.signal(topic, key)`, of this process and of others.

        The key is empty when signals of others may have been lost: any number, about anything.
        """
        self._subscribers[topic].append(subscriber)

    async def connect(self) -> None:
        """Connect, and hear the signals of other processes. Happens by itself at the first statement. Raises Unavailable."""
        async with self._connecting:
            if self._pool is not None:
                return
            import asyncpg

            from .notices import Notices

            with translated():
                self._pool = await asyncpg.create_pool(
                    self.dsn,
                    min_size=1,
                    max_size=self._size,
                    statement_cache_size=1000,
                    reset=_keep,
                    server_settings={"application_name": "cumulet"},
                )
            self._notices = Notices(self.dsn, self._tell, self._tell_all)
            await self._notices.start()

    async def create(self, *tables: sa.MetaData, then: Sequence[str] = ()) -> None:
        """Make the tables and indexes that are not there yet, run the statements `then`: all of it or nothing."""
        async with self.tx() as tx:
            with translated():
                await tx._connection.execute(";\n".join((LOCK_SCHEMA, *create_statements(tables, POSTGRES), *then)))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[PostgresReader]:
        """Reads outside a transaction."""
        task = asyncio.current_task()
        outer = self._loans.get(task)
        if outer is not None:
            yield PostgresReader(self, outer)
            return
        loan = self._loans[task] = _Loan(self)
        try:
            yield PostgresReader(self, loan)
        finally:
            del self._loans[task]
            await loan.give_back()

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[PostgresTx]:
        """A write transaction; returns after it is durable. Raises Unavailable, code "retry", if it lost to another one."""
        loan = self._loans.get(asyncio.current_task())
        if loan is not None:
            await loan.give_back()
        async with self._turn(), self._acquired() as connection:
            tx = PostgresTx(self, connection)
            transaction = connection.transaction()
            with translated():
                await transaction.start()
            try:
                yield tx
            except BaseException:
                await _roll_back(transaction)
                raise
            with translated():
                await transaction.commit()
        for topic, key in tx.signals:
            self._tell(topic, key)
        if tx.signals and self._notices is not None:
            self._notices.send(tx.signals)

    async def close(self) -> None:
        """Tell what is still to be told and disconnect."""
        if self._notices is not None:
            await self._notices.stop()
        if self._pool is not None:
            await self._pool.close()
        self._pool = self._notices = None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("The database is too busy.", internal=f"no free connection in {PATIENCE:g} s") from None
        try:
            yield
        finally:
            self._turns.release()

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Any]:
        connection = await self.acquire()
        try:
            yield connection
        finally:
            await self.release(connection)

    async def acquire(self) -> Any:
        """A connection from the pool. Raises Unavailable."""
        if self._pool is None:
            await self.connect()
        with translated():
            try:
                return await self._pool.acquire(timeout=PATIENCE)
            except TimeoutError:
                raise Unavailable("The database is too busy.", internal=f"no free connection in {PATIENCE:g} s") from None

    async def release(self, connection: Any) -> None:
        """Give it back."""
        await self._pool.release(connection)

    def _tell(self, topic: str, key: str) -> None:
        tell(self._subscribers[topic], topic, key)

    def _tell_all(self) -> None:
        for topic in list(self._subscribers):
            self._tell(topic, "")


async def _keep(connection: Any) -> None:
    """Instead of asyncpg's RESET ALL at each release: nothing here changes a session."""


async def _roll_back(transaction: Any) -> None:
    try:
        with translated():
            await transaction.rollback()
    except Unavailable as problem:
        log.debug("the connection was lost with its transaction: %s", problem.internal)


@contextmanager
def translated(made: Compiled | None = None, arguments: Sequence[Any] = ()) -> Iterator[None]:
    """asyncpg's errors as ours; of a number that is too large for the statement `made`, too."""
    try:
        yield
    except Exception as problem:
        if made is not None and isinstance(problem.__cause__, OverflowError):
            raise oversized(made, arguments) from None
        ours = _ours(problem)
        if ours is None:
            raise
        raise ours from None


def _ours(problem: Exception) -> Exception | None:
    import asyncpg

    text = str(problem)
    match problem:
        case asyncpg.UniqueViolationError() | asyncpg.ForeignKeyViolationError() | asyncpg.ExclusionViolationError():
            return Duplicate(text)
        case asyncpg.UndefinedTableError():
            return MissingTable(text)
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError() | asyncpg.LockNotAvailableError():
            return Unavailable("Another request changed the same thing; try again.", code="retry", internal=text)
        case asyncpg.DiskFullError():
            return Unavailable("The database's disk is full.", internal=text)
        case asyncpg.PostgresConnectionError() | asyncpg.OperatorInterventionError() | asyncpg.InsufficientResourcesError():
            return Unavailable("The database does not answer.", internal=text)
        case OSError():
            return Unavailable("The database does not answer.", internal=text)
        case asyncpg.InternalClientError():  # a statement met the end of its connection
            return Unavailable("The database does not answer.", internal=text)
        case asyncpg.InterfaceError() if "closed" in text or "released back" in text:
            return Unavailable("The database does not answer.", internal=text)
    return None
