"""What hosts themselves use counts as their reserve if it is more."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has measured yet."""
    with op.batch_alter_table("hosts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("own_use_mb", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("own_use_since", sa.Text(), nullable=True))

    with op.batch_alter_table("inventories", schema=None) as batch_op:
        batch_op.add_column(sa.Column("own_use", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("own_use_at", sa.Text(), nullable=True))
