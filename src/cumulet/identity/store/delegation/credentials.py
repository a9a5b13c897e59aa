"""Credentials at rest: their blobs are sealed."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ....kernel.db.rows import delete, get, insert, update
from ...model import Credential

CREDENTIALS = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("blob", sa.Text, nullable=False),
    sa.Column("extra", Json, nullable=False),
    sa.Index("credentials_user", "user_id", "type"),
    sa.Index("credentials_project", "project_id"),
)
C = CREDENTIALS.c

INSERT, UPDATE, GET, DELETE = insert(CREDENTIALS), update(CREDENTIALS), get(CREDENTIALS, Credential), delete(CREDENTIALS)
LISTING = Listing(
    sa.select(CREDENTIALS),
    Credential,
    key=C.id,
    sorts={"id": C.id},
    filters={"user_id": C.user_id, "type": C.type, "project_id": C.project_id},
    default=[("id", False)],
)
FORGET_USER, FORGET_PROJECT = delete(CREDENTIALS, "user_id"), delete(CREDENTIALS, "project_id")
OF_USER = Query(sa.select(CREDENTIALS).where(C.user_id == sa.bindparam("user_id"), C.type == sa.bindparam("type")), Credential)


async def add(tx: Tx, credential: Credential) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(credential))


async def save(tx: Tx, credential: Credential) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=credential.id, **values(credential))


async def find(tx: Reader, credential_id: str) -> Credential | None:
    """By id."""
    return await tx.one(GET, key=credential_id)


async def of_user(tx: Reader, user_id: str, kind: str) -> list[Credential]:
    """A user's credentials of one type."""
    return await tx.all(OF_USER, user_id=user_id, type=kind)


async def page(tx: Reader, wanted: Page) -> list[Credential]:
    """A page of credentials."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, credential_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=credential_id)


async def forget_user(tx: Tx, user_id: str) -> None:
    """Delete all of a user."""
    await tx.do(FORGET_USER, key=user_id)


async def forget_project(tx: Tx, project_id: str) -> None:
    """Delete all for a project."""
    await tx.do(FORGET_PROJECT, key=project_id)
