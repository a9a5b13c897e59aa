"""What the two databases have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from ..clock import Clock, Stamp
from .query import Query

R = TypeVar("R")
Subscriber = Callable[[str], None]

log = logging.getLogger("cumulet.db")


class Duplicate(Exception):
    """A unique or foreign key constraint refused a row. On PostgreSQL the transaction is lost: let it out, or use ON CONFLICT."""


class MissingTable(Exception):
    """A statement named a table that is not there: the database is empty, or not ours."""


class Reader(Protocol):
    """Reads."""

    @property
    def now(self) -> float:
        """Seconds since the epoch, the same for the whole transaction."""
        ...

    @property
    def stamp(self) -> Stamp:
        """`now`, as the text that is stored."""
        ...

    async def one(self, query: Query[R], **values: Any) -> R | None:
        """The first row, or None."""
        ...

    async def all(self, query: Query[R], **values: Any) -> list[R]:
        """Every row."""
        ...


class Tx(Reader, Protocol):
    """A write transaction: all of it is committed when the block ends, or none."""

    @property
    def tells(self) -> bool:
        """Whether somebody outside wants to hear of what happens (`kernel.notifications`)."""
        ...

    async def do(self, query: Query[Any], **values: Any) -> int:
        """Run a statement and return how many rows it changed. Raises Duplicate."""
        ...

    async def hold(self, name: str) -> None:
        """Wait for, and until the end of the transaction keep out, every other transaction that holds this name.

        For a check before a write that no constraint can make: what was counted after this stays so. (SQLite has one writer.)
        """
        ...

    def signal(self, topic: str, key: str) -> None:
        """Tell the subscribers of `topic` about `key`, once this transaction is committed."""
        ...


class Database(Protocol):
    """A database and its clock."""

    clock: Clock
    statements: int
    """How many statements have run; tests ask."""
    alone: bool
    """Whether every commit is of this process: then nothing changes without its signal, and signals can keep a cache true."""
    tells: bool
    """Whether notifications are written; whoever puts the program together says so."""

    def tx(self) -> AbstractAsyncContextManager[Tx]:
        """A write transaction. Leaving the block by an exception rolls it back."""
        ...

    def read(self) -> AbstractAsyncContextManager[Reader]:
        """Reads outside a transaction: each statement sees the newest committed state."""
        ...

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Call `subscriber(key)` in this process for each committed `tx.signal(topic, key)`."""
        ...

    async def create(self, *tables: sa.MetaData, then: Sequence[str] = ()) -> None:
        """Make the tables and indexes that are not there yet, run the statements `then`: all of it or nothing."""
        ...

    async def close(self) -> None:
        """Finish what is being committed and disconnect."""
        ...


def tell(subscribers: Sequence[Subscriber], topic: str, key: str) -> None:
    """Call each subscriber; what it raises is its own bug and keeps nobody else from hearing."""
    for subscriber in subscribers:
        try:
            subscriber(key)
        except Exception:
            log.exception("a subscriber of %s failed", topic)
