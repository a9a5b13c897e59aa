"""Events of what has no transaction: kept for at most a second, written many at once."""

from __future__ import annotations

import logging

import msgspec

from ..clock import stamp
from ..db import Database, values
from .events import INSERT, Event, write_line

EVERY = 1.0
MOST = 20_000
"""Beyond so many that cannot be written, the oldest are only in the log."""

log = logging.getLogger("cumulet.audit")


class Later:
    """What is still to be written, and was told to the log already."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[Event] = []

    def add(self, event: Event) -> None:
        """Write an event with the next batch."""
        event = msgspec.structs.replace(event, at=event.at or stamp(self._db.clock.now()))
        write_line(event)
        self._waiting.append(event)
        if len(self._waiting) > MOST:
            log.error("the database takes no events: the one of %s is only in the log", self._waiting.pop(0).at)

    async def write(self) -> None:
        """Write what waits. What cannot be written waits on. Raises Unavailable."""
        batch = list(self._waiting)
        if not batch:
            return
        async with self._db.tx() as tx:
            for event in batch:
                await tx.do(INSERT, **values(event))
        written = {event.id for event in batch}
        self._waiting = [event for event in self._waiting if event.id not in written]
