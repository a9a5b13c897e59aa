"""Pieces: the addresses of devices and the numbers of processors that a claim holds.

A piece belongs to the row of a claim, comes to another consumer with it and goes with it: no code has to remember that. Its primary
key is the proof that nobody else holds it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ....kernel.db import Query, Reader, Tx, among, values
from ...model import Piece
from ..providers import PROVIDERS
from ..tables import PIECES

T = PIECES.c

TAKE: Query[Any] = Query(
    insert(PIECES).values({c.name: sa.bindparam(c.name, type_=c.type) for c in PIECES.columns}).on_conflict_do_nothing()
)
OF_PROVIDERS = Query(sa.select(PIECES).where(among(T.provider_id, "provider_ids")).order_by(T.provider_id, T.piece), Piece)
OF_CONSUMER = Query(sa.select(PIECES).where(T.consumer_id == sa.bindparam("consumer_id")).order_by(T.provider_id, T.piece), Piece)
_OF_TREE = T.provider_id.in_(sa.select(PROVIDERS.c.id).where(PROVIDERS.c.root_id == sa.bindparam("root_id")))
IN_TREE = Query(sa.select(PIECES).where(T.consumer_id == sa.bindparam("consumer_id"), _OF_TREE).order_by(T.piece), Piece)
EVERYTHING = Query(sa.select(PIECES).order_by(T.provider_id, T.piece), Piece)


async def take(tx: Tx, piece: Piece) -> bool:
    """Write that a claim holds a piece; False if another one does."""
    return await tx.do(TAKE, **values(piece)) == 1


async def of_providers(tx: Reader, provider_ids: list[str]) -> list[Piece]:
    """Which pieces of these providers are held."""
    return await tx.all(OF_PROVIDERS, provider_ids=provider_ids)


async def of_consumer(tx: Reader, consumer_id: str) -> list[Piece]:
    """Which pieces a consumer holds."""
    return await tx.all(OF_CONSUMER, consumer_id=consumer_id)


async def in_tree(tx: Reader, consumer_id: str, root_id: str) -> list[Piece]:
    """Which pieces of a root and of what is below it a consumer holds, by piece."""
    return await tx.all(IN_TREE, consumer_id=consumer_id, root_id=root_id)


async def everything(tx: Reader) -> list[Piece]:
    """Every piece that is held: for a recount."""
    return await tx.all(EVERYTHING)
