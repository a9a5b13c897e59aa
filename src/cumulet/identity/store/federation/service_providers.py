"""Service providers."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Listing, Page, Reader, Tx, metadata, values
from ....kernel.db.rows import delete, get, insert, update
from ...model import ServiceProvider

SERVICE_PROVIDERS = sa.Table(
    "service_providers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("auth_url", sa.Text, nullable=False),
    sa.Column("sp_url", sa.Text, nullable=False),
    sa.Column("relay_state_prefix", sa.Text, nullable=False),
)
T = SERVICE_PROVIDERS.c

INSERT, UPDATE = insert(SERVICE_PROVIDERS), update(SERVICE_PROVIDERS)
GET, DELETE = get(SERVICE_PROVIDERS, ServiceProvider), delete(SERVICE_PROVIDERS)
LISTING = Listing(
    sa.select(SERVICE_PROVIDERS),
    ServiceProvider,
    key=T.id,
    sorts={"id": T.id},
    filters={"id": T.id, "enabled": T.enabled},
    default=[("id", False)],
)


async def add(tx: Tx, provider: ServiceProvider) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(provider))


async def save(tx: Tx, provider: ServiceProvider) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=provider.id, **values(provider))


async def find(tx: Reader, sp_id: str) -> ServiceProvider | None:
    """By id."""
    return await tx.one(GET, key=sp_id)


async def page(tx: Reader, wanted: Page) -> list[ServiceProvider]:
    """A page of service providers."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, sp_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=sp_id)
