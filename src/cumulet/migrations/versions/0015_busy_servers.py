"""Servers to which something is being done are counted on each placing."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index of them alone."""
    with op.batch_alter_table("servers", schema=None) as batch_op:
        batch_op.create_index(
            "servers_busy",
            ["host_id", "task"],
            unique=False,
            sqlite_where=sa.text("task IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=sa.text("task IS NOT NULL AND deleted_at IS NULL"),
        )
