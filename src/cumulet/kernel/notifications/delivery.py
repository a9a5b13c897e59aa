"""Delivering events: in the order in which they were written, each at least once.

An event that cannot be delivered holds up those behind it, so that a receiver never sees a deletion before the creation; it is
tried again with growing pauses and given up, with an error in the log, after `KEPT` seconds. Several processes may run this: who
delivers has taken the event for `LEASE` seconds, and a process that died in the middle delays it by no more than that.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from ..clock import seconds, stamp
from ..db import Database
from . import outbox
from .outbox import Event
from .receivers import NotDelivered, Receiver

LEASE = 60.0
KEPT = 3 * 86400.0
LONGEST_PAUSE = 300.0
BATCH = 100
EVERY = 5.0
"""Seconds between two looks at the outbox when nothing is signalled."""

log = logging.getLogger("cumulet.notifications")


def envelope(event: Event, host: str) -> bytes:
    """An event in oslo.messaging's envelope, version 2.0: a JSON document with the message as JSON text inside."""
    message: dict[str, Any] = {
        "message_id": event.id,
        "publisher_id": f"{event.service}.{host}",
        "event_type": event.event_type,
        "priority": event.priority,
        "payload": event.payload,
        "timestamp": event.created_at.replace("T", " "),
        "_unique_id": event.id.replace("-", ""),
        "_context_request_id": event.request_id,
    }
    return msgspec.json.encode({"oslo.version": "2.0", "oslo.message": msgspec.json.encode(message).decode()})


class Delivery:
    """Delivers to one receiver; `host` is the name of the machine that says so."""

    def __init__(self, db: Database, receiver: Receiver, host: str) -> None:
        self._db, self._receiver, self._host = db, receiver, host

    async def run(self) -> None:
        """Deliver what there is, until it is done, somebody else's turn, or the receiver does not take it."""
        try:
            await self._deliver_all()
        finally:
            await self._receiver.close()

    async def _deliver_all(self) -> None:
        while True:
            async with self._db.read() as tx:
                waiting = await outbox.oldest(tx, BATCH)
            for event in waiting:
                if not await self._deliver(event):
                    return
            if len(waiting) < BATCH:
                return

    async def _deliver(self, event: Event) -> bool:
        """Whether the next one may be delivered now."""
        async with self._db.tx() as tx:
            if not await outbox.take(tx, event, stamp(tx.now + LEASE)):
                return False
        try:
            await self._receiver.post(event, envelope(event, self._host))
        except NotDelivered as problem:
            return await self._put_back(event, problem)
        async with self._db.tx() as tx:
            await outbox.done(tx, event)
        return True

    async def _put_back(self, event: Event, problem: NotDelivered) -> bool:
        pause = min(2.0**event.tries, LONGEST_PAUSE)
        async with self._db.tx() as tx:
            if tx.now - seconds(event.created_at) > KEPT:
                log.error("the notification %s (%s) is given up: %s", event.id, event.event_type, problem)
                await outbox.done(tx, event)
                return True
            await outbox.put_back(tx, event, stamp(tx.now + pause))
        log.warning("the notification %s is tried again in %g s: %s", event.id, pause, problem)
        return False
