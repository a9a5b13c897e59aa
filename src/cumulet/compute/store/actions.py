"""The log of what was done to each server."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata
from ..model import Action

ACTIONS = sa.Table(
    "server_actions",
    metadata,
    sa.Column("sequence", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("server_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("events", Json, nullable=False),
    sa.Index("server_actions_server", "server_id", "request_id"),
)
T = ACTIONS.c
B = sa.bindparam

_written = ("server_id", "action", "request_id", "user_id", "project_id", "started_at", "updated_at", "message", "events")
INSERT = Query(sa.insert(ACTIONS).values({name: B(name, type_=T[name].type) for name in _written}))
GET = Query(
    sa.select(ACTIONS).where(T.server_id == B("server_id"), T.request_id == B("request_id")).order_by(T.sequence.desc()).limit(1),
    Action,
)
LAST = Query(
    sa.select(ACTIONS).where(T.server_id == B("server_id"), T.action == B("action")).order_by(T.sequence.desc()).limit(1), Action
)
FINISH = Query(
    sa.update(ACTIONS)
    .where(T.server_id == B("b_server"), T.request_id == B("b_request"), T.action == B("b_action"))
    .values(updated_at=B("updated_at"), message=B("message"), events=B("events", type_=T.events.type))
)
LISTING = Listing(
    sa.select(ACTIONS),
    Action,
    key=T.request_id,
    sorts={"sequence": T.sequence},
    filters={"server_id": T.server_id, "updated_at": T.updated_at},
    default=[("sequence", True)],
)


async def add(tx: Tx, **fields: Any) -> None:
    """Insert an action."""
    await tx.do(INSERT, updated_at=tx.stamp, started_at=tx.stamp, **fields)


async def find(tx: Reader, server_id: str, request_id: str) -> Action | None:
    """The last action of this request on this server."""
    return await tx.one(GET, server_id=server_id, request_id=request_id)


async def last(tx: Reader, server_id: str, action: str) -> Action | None:
    """The last time this was done to the server."""
    return await tx.one(LAST, server_id=server_id, action=action)


async def finish(tx: Tx, action: tuple[str, str, str], message: str | None, events: list[dict[str, Any]]) -> None:
    """Write how it ended; `action` is (server id, request id, name)."""
    server_id, request_id, name = action
    await tx.do(
        FINISH, b_server=server_id, b_request=request_id, b_action=name, updated_at=tx.stamp, message=message, events=events
    )


async def page(tx: Reader, wanted: Page) -> list[Action]:
    """A page, the newest first."""
    return await LISTING.page(tx, wanted)
