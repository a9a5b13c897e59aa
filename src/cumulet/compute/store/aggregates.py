"""Host aggregates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Json, Query, Reader, Tx, among, metadata
from ...kernel.db.rows import delete, get
from ..model import Aggregate

AGGREGATES = sa.Table(
    "aggregates",
    metadata,
    sa.Column("sequence", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text),
    sqlite_autoincrement=True,
)
MEMBERS = sa.Table(
    "aggregate_hosts",
    metadata,
    sa.Column("aggregate_id", sa.Text, sa.ForeignKey("aggregates.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("host_id", sa.Text, primary_key=True),
    sa.Index("aggregate_hosts_host", "host_id"),
)
T, M = AGGREGATES.c, MEMBERS.c
B = sa.bindparam

INSERT: Query[Any] = Query(
    sa.insert(AGGREGATES).values(id=B("id"), name=B("name"), metadata=B("metadata", type_=Json()), created_at=B("created_at"))
)
ALL = Query(sa.select(AGGREGATES).order_by(T.sequence), Aggregate)
GET, GET_BY_ID = get(AGGREGATES, Aggregate, "sequence"), get(AGGREGATES, Aggregate)
OF_HOSTS = Query(
    sa.select(AGGREGATES).where(T.id.in_(sa.select(M.aggregate_id).where(among(M.host_id, "host_ids")))).order_by(T.sequence),
    Aggregate,
)
UPDATE: Query[Any] = Query(
    sa.update(AGGREGATES)
    .where(T.id == B("b_id"))
    .values(name=B("name"), metadata=B("metadata", type_=Json()), updated_at=B("updated_at"))
)
DELETE = delete(AGGREGATES)
JOIN: Query[Any] = Query(sa.insert(MEMBERS).values(aggregate_id=B("aggregate_id"), host_id=B("host_id")))
LEAVE: Query[Any] = Query(sa.delete(MEMBERS).where(M.aggregate_id == B("aggregate_id"), M.host_id == B("host_id")))
HOSTS = Query(sa.select(M.aggregate_id, M.host_id).order_by(M.aggregate_id, M.host_id))


async def add(tx: Tx, aggregate_id: str, name: str, marks: dict[str, str]) -> None:
    """Insert; `marks` is its metadata. Raises Duplicate if the name is taken."""
    await tx.do(INSERT, id=aggregate_id, name=name, metadata=marks, created_at=tx.stamp)


async def find(tx: Reader, sequence: int) -> Aggregate | None:
    """By number."""
    return await tx.one(GET, key=sequence)


async def find_by_id(tx: Reader, aggregate_id: str) -> Aggregate | None:
    """By UUID."""
    return await tx.one(GET_BY_ID, key=aggregate_id)


async def all_of_them(tx: Reader) -> list[Aggregate]:
    """Every aggregate, by number."""
    return await tx.all(ALL)


async def of_hosts(tx: Reader, host_ids: list[str]) -> list[Aggregate]:
    """Every aggregate that one of these hosts is in."""
    return await tx.all(OF_HOSTS, host_ids=host_ids)


async def save(tx: Tx, aggregate: Aggregate) -> None:
    """Write name and metadata. Raises Duplicate if the name is taken."""
    await tx.do(UPDATE, b_id=aggregate.id, name=aggregate.name, metadata=aggregate.metadata, updated_at=tx.stamp)


async def remove(tx: Tx, aggregate_id: str) -> None:
    """Delete."""
    await tx.do(DELETE, key=aggregate_id)


async def join(tx: Tx, aggregate_id: str, host_id: str) -> None:
    """Put a host into it. Raises Duplicate if it is there."""
    await tx.do(JOIN, aggregate_id=aggregate_id, host_id=host_id)


async def leave(tx: Tx, aggregate_id: str, host_id: str) -> None:
    """Take a host out of it."""
    await tx.do(LEAVE, aggregate_id=aggregate_id, host_id=host_id)


async def hosts(tx: Reader) -> dict[str, list[str]]:
    """The hosts of every aggregate that has any."""
    found: dict[str, list[str]] = {}
    for aggregate_id, host_id in await tx.all(HOSTS):
        found.setdefault(aggregate_id, []).append(host_id)
    return found
