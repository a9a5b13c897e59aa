"""The ledger's tables: inventories, claims, and the consumers that hold them."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, metadata

INVENTORIES = sa.Table(
    "inventories",
    metadata,
    sa.Column("provider_id", sa.Text, sa.ForeignKey("providers.id"), primary_key=True),
    sa.Column("resource_class", sa.Text, primary_key=True),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("min_unit", sa.BigInteger, nullable=False),
    sa.Column("max_unit", sa.BigInteger, nullable=False),
    sa.Column("step_size", sa.BigInteger, nullable=False),
    sa.Column("allocation_ratio", sa.Double, nullable=False),
    sa.Column("total_source", sa.Text, nullable=False),
    sa.Column("reserved_source", sa.Text, nullable=False),
    sa.Column("ratio_source", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("unmanaged", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("granted_ratio", sa.Double),
    sa.Column("granted_until", sa.Text),
    sa.Column("own_use", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("own_use_at", sa.Text),
)
"""`unmanaged` is what guests that nobody knows have taken (C9). Until `granted_until` the ratio is `granted_ratio` (C3). `own_use`,
set at `own_use_at`, is what the host itself was measured to use: if that is more than the reserve, it takes its place (M19).
"""

CLAIMS = sa.Table(
    "claims",
    metadata,
    sa.Column("consumer_id", sa.Text, primary_key=True),
    sa.Column("provider_id", sa.Text, primary_key=True),
    sa.Column("resource_class", sa.Text, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(
        ["provider_id", "resource_class"], ["inventories.provider_id", "inventories.resource_class"], name="claims_inventory"
    ),
    sa.CheckConstraint("amount > 0", name="claims_positive"),
    sa.Index("claims_usage", "provider_id", "resource_class", "amount"),
)

PIECES = sa.Table(
    "claimed_pieces",
    metadata,
    sa.Column("provider_id", sa.Text, primary_key=True),
    sa.Column("piece", sa.Text, primary_key=True),
    sa.Column("consumer_id", sa.Text, nullable=False),
    sa.Column("resource_class", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(
        ["consumer_id", "provider_id", "resource_class"],
        ["claims.consumer_id", "claims.provider_id", "claims.resource_class"],
        name="claimed_pieces_claim",
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
    sa.Index("claimed_pieces_claim", "consumer_id", "provider_id", "resource_class"),
)
"""Which devices and processors a claim holds. They come and go with its row."""

CONSUMERS = sa.Table(
    "consumers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Index("consumers_project", "project_id", "user_id"),
)

HISTORY = sa.Table(
    "ledger_history",
    metadata,
    sa.Column("sequence", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("provider_id", sa.Text, nullable=False),
    sa.Column("consumer_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),  # claim | release | inventory
    sa.Column("change", Json, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("detail", Json),
    sa.Index("ledger_history_provider", "provider_id", "sequence"),
    sa.Index("ledger_history_consumer", "consumer_id", "sequence"),
    sqlite_autoincrement=True,
)
"""Every change of claims and inventories, appended in its transaction and never changed. Rows outlive what they are about."""

GRANTS = sa.Table(
    "overcommit_grants",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider_id", sa.Text, nullable=False),
    sa.Column("resource_class", sa.Text, nullable=False),
    sa.Column("ratio", sa.Double, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("granted_at", sa.Text, nullable=False),
    sa.Column("revoked_by", sa.Text),
    sa.Column("revoked_at", sa.Text),
    sa.Index("overcommit_grants_provider", "provider_id", "granted_at"),
)

MOVES = sa.Table(
    "moves",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("consumer_id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("target_id", sa.Text, nullable=False),
    sa.Column("begun_at", sa.Text, nullable=False),
)
"""Moves that are under way: one for each consumer at most (F3). `id` is the consumer that holds the source's claim meanwhile."""
