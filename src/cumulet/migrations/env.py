"""How Alembic runs here: on a connection, and in a transaction, that the caller has opened."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from cumulet.kernel.db import Json


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """In a migration JSON columns are what they are in the database: text."""
    return "sa.Text()" if kind == "type" and isinstance(item, Json) else False


def include_name(name: str | None, kind: str, _: Any) -> bool:
    """SQLite's own tables are nobody's."""
    return not (kind == "table" and name == "sqlite_sequence")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["tables"],
    render_as_batch=True,
    transactional_ddl=True,
    render_item=render_item,
    include_name=include_name,
)
with context.begin_transaction():
    context.run_migrations()
