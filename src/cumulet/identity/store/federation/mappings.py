"""Mappings."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Json, Listing, Page, Reader, Tx, metadata, values
from ....kernel.db.rows import delete, get, insert, update
from ...model import Mapping

MAPPINGS = sa.Table(
    "federation_mappings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("rules", Json, nullable=False),
    sa.Column("schema_version", sa.Text, nullable=False),
)
T = MAPPINGS.c

INSERT, UPDATE, GET, DELETE = insert(MAPPINGS), update(MAPPINGS), get(MAPPINGS, Mapping), delete(MAPPINGS)
LISTING = Listing(sa.select(MAPPINGS), Mapping, key=T.id, sorts={"id": T.id}, filters={"id": T.id}, default=[("id", False)])


async def add(tx: Tx, mapping: Mapping) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(mapping))


async def save(tx: Tx, mapping: Mapping) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=mapping.id, **values(mapping))


async def find(tx: Reader, mapping_id: str) -> Mapping | None:
    """By id."""
    return await tx.one(GET, key=mapping_id)


async def page(tx: Reader, wanted: Page) -> list[Mapping]:
    """A page of mappings."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, mapping_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=mapping_id)
