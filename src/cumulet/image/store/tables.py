"""The tables, and who sees which image."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from ...kernel.db import metadata
from ..model import COMMUNITY, DELETED, PUBLIC, SHARED, Image

IMAGES = sa.Table(
    "images",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("size", sa.BigInteger),
    sa.Column("virtual_size", sa.BigInteger),
    sa.Column("min_disk", sa.Integer, nullable=False),
    sa.Column("min_ram", sa.Integer, nullable=False),
    sa.Column("disk_format", sa.Text),
    sa.Column("container_format", sa.Text),
    sa.Column("protected", sa.Boolean, nullable=False),
    sa.Column("os_hidden", sa.Boolean, nullable=False),
    sa.Column("checksum", sa.Text),
    sa.Column("os_hash_algo", sa.Text),
    sa.Column("os_hash_value", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    # The attempt to fill the image, and when it was last heard of; null once the attempt waits for nobody but the user.
    sa.Column("upload_id", sa.Text),
    sa.Column("upload_seen", sa.Text),
    # When the image was deleted, and what it goes back to if it is restored.
    sa.Column("deleted_at", sa.Text),
    sa.Column("deleted_from", sa.Text),
    # How many bytes the client said that it would send.
    sa.Column("announced", sa.BigInteger),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Index("images_owner", "owner", "created_at"),
    sa.Index("images_status", "status"),
    # A list by age, which is the usual one, reads nothing else.
    sa.Index("images_listed", "created_at", "id", "status", "os_hidden", "visibility", "owner", "version"),
)
TAGS = sa.Table(
    "image_tags",
    metadata,
    sa.Column("image_id", sa.Text, sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
)
PROPERTIES = sa.Table(
    "image_properties",
    metadata,
    sa.Column("image_id", sa.Text, sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
MEMBERS = sa.Table(
    "image_members",
    metadata,
    sa.Column("image_id", sa.Text, sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member_id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Index("image_members_member", "member_id"),
)
LOCATIONS = sa.Table(
    "image_locations",
    metadata,
    sa.Column("image_id", sa.Text, sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("metadata", sa.Text, nullable=False),
)
T, M, L = IMAGES.c, MEMBERS.c, LOCATIONS.c

COLUMNS = [T[name] for name in Image.__struct_fields__ if name not in ("tags", "properties", "locations")]
NEXT_VERSION = {"version": T.version + 1}
"""Part of every statement that changes what clients see of an image."""
LIVE = sa.select(*COLUMNS).where(T.status != DELETED)
"""Images that are not deleted, whoever owns them: only for administrators, or with `shown_to` or `owned_by` added."""


def shown_to(parameter: str, member_status: str | None = None) -> sa.ColumnElement[bool]:
    """Images which the project in `parameter` may see: its own, public and community ones, and those shared with it.

    `member_status` leaves out shared ones to which the project answered otherwise.
    """
    project = sa.bindparam(parameter, type_=sa.Text())
    shared = sa.select(M.member_id).where(M.image_id == T.id, M.member_id == project)
    if member_status is not None:
        shared = shared.where(M.status == member_status)
    return sa.or_(
        T.owner == project,
        T.visibility == PUBLIC,
        T.visibility == COMMUNITY,
        sa.and_(T.visibility == SHARED, sa.exists(shared.correlate(IMAGES))),
    )


def one_of(column: sa.ColumnElement[str], choices: Sequence[str]) -> sa.ColumnElement[bool]:
    """The column has one of these values, which are known now."""
    return sa.or_(*(column == choice for choice in choices))
