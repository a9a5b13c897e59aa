"""The tables. Objects, properties and tags differ in what is in them only: they are rows of one table."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Json, metadata

NAMESPACES = sa.Table(
    "metadef_namespaces",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("display_name", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("protected", sa.Boolean, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Index("metadef_namespaces_namespace", "namespace", unique=True),
)
ITEMS = sa.Table(
    "metadef_items",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("namespace_id", sa.Text, sa.ForeignKey("metadef_namespaces.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content", Json, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Index("metadef_items_name", "namespace_id", "kind", "name", unique=True),
)
RESOURCE_TYPES = sa.Table(
    "metadef_resource_types",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
)
ASSOCIATIONS = sa.Table(
    "metadef_associations",
    metadata,
    sa.Column("namespace_id", sa.Text, sa.ForeignKey("metadef_namespaces.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, sa.ForeignKey("metadef_resource_types.name"), primary_key=True),
    sa.Column("prefix", sa.Text),
    sa.Column("properties_target", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
)
