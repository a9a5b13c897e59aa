"""The outbox: events that are still to be delivered."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from .. import ids
from ..clock import Stamp
from ..db import Json, Query, Reader, Tx, metadata, values
from ..db.rows import delete, insert
from ..log import current_request_id

TOPIC = "notifications"
INFO, ERROR = "INFO", "ERROR"

OUTBOX = sa.Table(
    "notifications",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    # Orders what one process wrote at one instant, in one transaction above all.
    sa.Column("position", sa.Integer, nullable=False),
    # Who delivers it now has time until then; before the first try it is empty.
    sa.Column("taken_until", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Index("notifications_created", "created_at"),
)
T = OUTBOX.c


class Event(Struct, frozen=True):
    """Something that happened. `tries` counts deliveries that were begun."""

    id: str
    service: str
    event_type: str
    priority: str
    payload: dict[str, Any] | str
    request_id: str
    created_at: Stamp
    position: int = 0
    taken_until: Stamp = ""
    tries: int = 0


_positions = itertools.count()
INSERT, DELETE = insert(OUTBOX), delete(OUTBOX)
OLDEST = Query(sa.select(OUTBOX).order_by(T.created_at, T.position).limit(sa.bindparam("most", type_=sa.Integer())), Event)
TAKE: Query[Any] = Query(
    sa.update(OUTBOX)
    .where(T.id == sa.bindparam("b_id"), T.taken_until <= sa.bindparam("now"))
    .values(taken_until=sa.bindparam("until"), tries=T.tries + 1)
)
PUT_BACK: Query[Any] = Query(sa.update(OUTBOX).where(T.id == sa.bindparam("b_id")).values(taken_until=sa.bindparam("until")))


async def tell(tx: Tx, service: str, event_type: str, payload: Mapping[str, Any] | str, priority: str = INFO) -> None:
    """Write a service's event into the outbox if anybody wants to hear of it: it is delivered once the transaction is committed."""
    if not tx.tells:
        return
    content = payload if isinstance(payload, str) else dict(payload)
    said = (service, event_type, priority, content, current_request_id(), tx.stamp, next(_positions))
    await tx.do(INSERT, **values(Event(ids.new_uuid(), *said)))
    tx.signal(TOPIC, event_type)


async def oldest(tx: Reader, most: int) -> list[Event]:
    """The next events to deliver, oldest first."""
    return await tx.all(OLDEST, most=most)


async def take(tx: Tx, event: Event, until: Stamp) -> bool:
    """Make an event one's own to deliver, until then; False if it is somebody else's now."""
    return await tx.do(TAKE, b_id=event.id, now=tx.stamp, until=until) == 1


async def put_back(tx: Tx, event: Event, until: Stamp) -> None:
    """The event could not be delivered; nobody tries again before `until`."""
    await tx.do(PUT_BACK, b_id=event.id, until=until)


async def done(tx: Tx, event: Event) -> None:
    """The event is delivered, or given up."""
    await tx.do(DELETE, key=event.id)
