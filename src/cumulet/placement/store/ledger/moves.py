"""Moves under way."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ....kernel.db import Query, Reader, Tx, values
from ....kernel.db.rows import delete, get
from ...model import Move
from ..tables import MOVES

T = MOVES.c
BEGIN: Query[Any] = Query(
    insert(MOVES)
    .values({c.name: sa.bindparam(c.name, type_=c.type) for c in MOVES.columns})
    .on_conflict_do_nothing(index_elements=["consumer_id"])
)
GET, DELETE = get(MOVES, Move), delete(MOVES)
ALL = Query(sa.select(MOVES).order_by(T.begun_at, T.id), Move)
OF_CONSUMER = Query(sa.select(MOVES).where(T.consumer_id == sa.bindparam("consumer_id")), Move)


async def add(tx: Tx, move: Move) -> bool:
    """Insert; False if the consumer is being moved already (F3)."""
    return await tx.do(BEGIN, **values(move)) == 1


async def find(tx: Reader, move_id: str) -> Move | None:
    """By id."""
    return await tx.one(GET, key=move_id)


async def of_consumer(tx: Reader, consumer_id: str) -> Move | None:
    """The move of a consumer, if it is being moved."""
    return await tx.one(OF_CONSUMER, consumer_id=consumer_id)


async def everyone(tx: Reader) -> list[Move]:
    """Every move under way."""
    return await tx.all(ALL)


async def remove(tx: Tx, move_id: str) -> None:
    """It has ended."""
    await tx.do(DELETE, key=move_id)
