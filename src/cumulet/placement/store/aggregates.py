"""Aggregates: sets of providers, known only by their ids."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among, metadata

PROVIDER_AGGREGATES = sa.Table(
    "provider_aggregates",
    metadata,
    sa.Column("provider_id", sa.Text, sa.ForeignKey("providers.id"), primary_key=True),
    sa.Column("aggregate_id", sa.Text, primary_key=True),
    sa.Index("provider_aggregates_aggregate", "aggregate_id"),
)
P = PROVIDER_AGGREGATES.c

ADD: Query[Any] = Query(
    sa.insert(PROVIDER_AGGREGATES).values(provider_id=sa.bindparam("provider_id"), aggregate_id=sa.bindparam("aggregate_id"))
)
CLEAR: Query[Any] = Query(sa.delete(PROVIDER_AGGREGATES).where(P.provider_id == sa.bindparam("provider_id")))
OF_PROVIDERS: Query[tuple[str, str]] = Query(
    sa.select(P.provider_id, P.aggregate_id).where(among(P.provider_id, "provider_ids")).order_by(P.provider_id, P.aggregate_id)
)


async def put(tx: Tx, provider_id: str, aggregate_ids: list[str]) -> None:
    """The provider is in exactly these aggregates."""
    await tx.do(CLEAR, provider_id=provider_id)
    for aggregate_id in aggregate_ids:
        await tx.do(ADD, provider_id=provider_id, aggregate_id=aggregate_id)


async def of_providers(tx: Reader, provider_ids: list[str]) -> dict[str, list[str]]:
    """Aggregates by provider."""
    found: dict[str, list[str]] = {provider_id: [] for provider_id in provider_ids}
    for provider_id, aggregate_id in await tx.all(OF_PROVIDERS, provider_ids=provider_ids):
        found[provider_id].append(aggregate_id)
    return found
