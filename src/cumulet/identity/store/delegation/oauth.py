"""OAuth 1.0: consumers, and the tokens with which they ask for rights and use them."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ....kernel.db.rows import delete, get, insert, update
from ...model import AccessToken, Consumer, RequestToken

CONSUMERS = sa.Table(
    "oauth_consumers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("description", sa.Text),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("extra", Json, nullable=False),
)
REQUESTS = sa.Table(
    "oauth_request_tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("consumer_id", sa.Text, sa.ForeignKey("oauth_consumers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE")),
    sa.Column("verifier", sa.Text),
    sa.Column("role_ids", Json, nullable=False),
)
ACCESS = sa.Table(
    "oauth_access_tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("consumer_id", sa.Text, sa.ForeignKey("oauth_consumers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    sa.Column("role_ids", Json, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Index("oauth_access_tokens_user", "user_id"),
)
SEALED = (CONSUMERS, REQUESTS, ACCESS)
"""The tables with a `secret` that is sealed under the row's id."""

C, R, A = CONSUMERS.c, REQUESTS.c, ACCESS.c

ADD_CONSUMER, SAVE_CONSUMER = insert(CONSUMERS), update(CONSUMERS)
GET_CONSUMER, DELETE_CONSUMER = get(CONSUMERS, Consumer), delete(CONSUMERS)
LISTING = Listing(sa.select(CONSUMERS), Consumer, key=C.id, sorts={"id": C.id}, filters={"id": C.id}, default=[("id", False)])
ADD_REQUEST, SAVE_REQUEST = insert(REQUESTS), update(REQUESTS)
GET_REQUEST, DELETE_REQUEST = get(REQUESTS, RequestToken), delete(REQUESTS)
PURGE_REQUESTS = Query(sa.delete(REQUESTS).where(R.expires_at < sa.bindparam("now", type_=sa.Double())))
ADD_ACCESS, GET_ACCESS, DELETE_ACCESS = insert(ACCESS), get(ACCESS, AccessToken), delete(ACCESS)
PURGE_ACCESS = Query(sa.delete(ACCESS).where(A.expires_at < sa.bindparam("now", type_=sa.Double())))
OF_USER = Query(sa.select(ACCESS).where(A.user_id == sa.bindparam("user_id")).order_by(A.id), AccessToken)


async def add_consumer(tx: Tx, consumer: Consumer) -> None:
    """Insert."""
    await tx.do(ADD_CONSUMER, **values(consumer))


async def save_consumer(tx: Tx, consumer: Consumer) -> None:
    """Write every field."""
    await tx.do(SAVE_CONSUMER, b_key=consumer.id, **values(consumer))


async def find_consumer(tx: Reader, consumer_id: str) -> Consumer | None:
    """By id."""
    return await tx.one(GET_CONSUMER, key=consumer_id)


async def consumers(tx: Reader, wanted: Page) -> list[Consumer]:
    """A page of consumers."""
    return await LISTING.page(tx, wanted)


async def remove_consumer(tx: Tx, consumer_id: str) -> None:
    """Delete the row, and every token of it."""
    await tx.do(DELETE_CONSUMER, key=consumer_id)


async def add_request(tx: Tx, token: RequestToken) -> None:
    """Insert. What has expired meanwhile is dropped on the way."""
    await tx.do(PURGE_REQUESTS, now=tx.now)
    await tx.do(ADD_REQUEST, **values(token))


async def save_request(tx: Tx, token: RequestToken) -> None:
    """Write every field."""
    await tx.do(SAVE_REQUEST, b_key=token.id, **values(token))


async def find_request(tx: Reader, token_id: str) -> RequestToken | None:
    """By id, unless it has expired."""
    found = await tx.one(GET_REQUEST, key=token_id)
    return found if found is not None and found.expires_at > tx.now else None


async def exchange(tx: Tx, request_id: str, token: AccessToken) -> bool:
    """An access token in the place of a request token; whether the request token was still there."""
    await tx.do(PURGE_ACCESS, now=tx.now)
    if not await tx.do(DELETE_REQUEST, key=request_id):
        return False
    await tx.do(ADD_ACCESS, **values(token))
    return True


async def find_access(tx: Reader, token_id: str) -> AccessToken | None:
    """By id, unless it has expired."""
    found = await tx.one(GET_ACCESS, key=token_id)
    return found if found is not None and found.expires_at > tx.now else None


async def access_of(tx: Reader, user_id: str) -> list[AccessToken]:
    """Those by which consumers act for a user."""
    return [found for found in await tx.all(OF_USER, user_id=user_id) if found.expires_at > tx.now]


async def remove_access(tx: Tx, token_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE_ACCESS, key=token_id)
