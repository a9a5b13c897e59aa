"""A version of each image that grows with each change, and an index that lists need nothing else beside."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every image begins at version 0, which no process has written anything of."""
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="0", nullable=False))
        batch_op.drop_index(batch_op.f("images_visibility"))
        batch_op.create_index(
            "images_listed", ["created_at", "id", "status", "os_hidden", "visibility", "owner", "version"], unique=False
        )
