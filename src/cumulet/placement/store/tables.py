"""The ledger's tables: inventories, claims, and the consumers that hold them."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import metadata

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
)

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
