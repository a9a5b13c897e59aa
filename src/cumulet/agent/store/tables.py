"""The tables of the agent's file; apart from the control plane's metadata."""

from __future__ import annotations

import sqlalchemy as sa

tables = sa.MetaData()

answers = sa.Table(
    "answers",
    tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("reply", sa.LargeBinary, nullable=False),
    sa.Column("given", sa.Float, nullable=False),
)

epochs = sa.Table(
    "epochs",
    tables,
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
)

counters = sa.Table(
    "counters",
    tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)

leases = sa.Table(
    "leases",
    tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("until", sa.Text, nullable=False),
)

holds = sa.Table(
    "holds",
    tables,
    sa.Column("object_id", sa.Text, primary_key=True),
    sa.Column("since", sa.Float, nullable=False),
)

objects = sa.Table(
    "objects",
    tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("base", sa.Text),
    sa.Column("since", sa.Float, nullable=False),
    sa.Index("ux_objects_in_place", "owner", "kind", unique=True, sqlite_where=sa.text("state <> 'quarantined'")),
    sa.Index("ix_objects_base", "base"),
)
