"""Events: their table, and what they look like to others."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from .. import ids
from ..clock import Stamp
from ..db import Database, Json, Listing, Page, Query, Reader, Tx, metadata, values
from ..db.rows import insert
from ..log import current_address, current_request_id

SUCCESS, FAILURE, PENDING = "success", "failure", "pending"
TOPIC = "audit"
UNTOLD_MOST = 10_000

EVENTS = sa.Table(
    "audit_events",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("target_type", sa.Text, nullable=False),
    sa.Column("target_id", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("details", Json, nullable=False),
    sa.Index("audit_events_at", "at", "id"),
    sa.Index("audit_events_user", "user_id", "at"),
    sa.Index("audit_events_target", "target_id", "at"),
)
E = EVENTS.c

log = logging.getLogger("cumulet.audit")


_numbers = itertools.count()


def _next_id() -> str:
    """A UUID whose first part counts: it orders what one process did at one instant."""
    return f"{next(_numbers) & 0xFFFFFFFF:08x}{ids.new_uuid()[8:]}"


class Event(Struct, frozen=True, kw_only=True):
    """Something that somebody did. `user_id` is `unknown` where nobody was recognised; `details` are for people."""

    service: str
    action: str
    outcome: str = SUCCESS
    user_id: str
    project_id: str | None = None
    address: str = msgspec.field(default_factory=current_address)
    target_type: str
    target_id: str
    details: dict[str, Any] = {}
    id: str = msgspec.field(default_factory=_next_id)
    at: Stamp = ""
    request_id: str = msgspec.field(default_factory=current_request_id)


def _row(**columns: Any) -> Event:
    return Event(**columns)


INSERT = insert(EVENTS)
_NAMES = [column.name for column in EVENTS.columns]
LISTING = Listing(
    sa.select(EVENTS),
    lambda *row: _row(**dict(zip(_NAMES, row, strict=True))),
    key=E.id,
    sorts={"at": E.at},
    filters={name: E[name] for name in ("at", "service", "action", "outcome", "user_id", "project_id", "target_type", "target_id")},
    default=[("at", False)],
)
PURGE: Query[Any] = Query(sa.delete(EVENTS).where(E.at < sa.bindparam("before")))
_untold: dict[str, Event] = {}


async def record(tx: Tx, event: Event) -> None:
    """Write an event with the change that it is about; it is told to the log once both are committed."""
    event = msgspec.structs.replace(event, at=event.at or tx.stamp)
    await tx.do(INSERT, **values(event))
    if len(_untold) >= UNTOLD_MOST:
        _untold.clear()  # of transactions that were not committed
    _untold[event.id] = event
    tx.signal(TOPIC, event.id)


def tell(db: Database) -> None:
    """From now on write a line for every event that this process commits."""
    db.subscribe(TOPIC, _tell)


def _tell(event_id: str) -> None:
    event = _untold.pop(event_id, None)
    if event is not None:
        write_line(event)


def write_line(event: Event) -> None:
    """A line of JSON in the log `cumulet.audit`."""
    if log.isEnabledFor(logging.INFO):
        log.info("%s", msgspec.json.encode(cadf(event)).decode())


class Sought(Struct, frozen=True):
    """Which events somebody wants to see; an empty text is any. Instants are stamps, the second one excluded."""

    user_id: str = ""
    project_id: str = ""
    target_id: str = ""
    service: str = ""
    action: str = ""
    outcome: str = ""
    since: Stamp = ""
    until: Stamp = ""
    most: int = 100


async def page(tx: Reader, sought: Sought) -> list[Event]:
    """The newest events that are sought, the oldest of them first."""
    wanted = Page(sort=[("at", True)], limit=sought.most)
    for name in ("user_id", "project_id", "target_id", "service", "action", "outcome"):
        if getattr(sought, name):
            wanted = wanted.where(name, getattr(sought, name))
    if sought.since:
        wanted = wanted.where("at", sought.since, "gte")
    if sought.until:
        wanted = wanted.where("at", sought.until, "lt")
    return list(reversed(await LISTING.page(tx, wanted)))


async def purge(tx: Tx, before: Stamp) -> int:
    """Remove the events from before an instant; how many there were."""
    return await tx.do(PURGE, before=before)


def cadf(event: Event) -> dict[str, Any]:
    """An event in CADF's form."""
    return {
        "typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event",
        "eventType": "activity",
        "id": event.id,
        "eventTime": event.at + "+0000",
        "action": event.action,
        "outcome": event.outcome,
        "initiator": {
            "typeURI": "service/security/account/user",
            "id": event.user_id,
            "user_id": event.user_id,
            "project_id": event.project_id,
            "host": {"address": event.address},
            "request_id": event.request_id,
        },
        "observer": {"typeURI": f"service/{event.service}", "id": event.service},
        "target": {"typeURI": event.target_type, "id": event.target_id},
        "attachments": [{"name": name, "typeURI": "mime:application/json", "content": v} for name, v in event.details.items()],
    }
