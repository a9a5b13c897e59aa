"""Remember which pieces a claim holds."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remember which pieces a claim holds."""

    op.create_table(
        "claimed_pieces",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("piece", sa.Text(), nullable=False),
        sa.Column("consumer_id", sa.Text(), nullable=False),
        sa.Column("resource_class", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_id", "provider_id", "resource_class"],
            ["claims.consumer_id", "claims.provider_id", "claims.resource_class"],
            name="claimed_pieces_claim",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_id", "piece"),
    )
    with op.batch_alter_table("claimed_pieces", schema=None) as batch_op:
        batch_op.create_index("claimed_pieces_claim", ["consumer_id", "provider_id", "resource_class"], unique=False)
