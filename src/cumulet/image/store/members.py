"""Members: projects which an image is shared with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, values
from ...kernel.db.rows import insert
from ..model import Member
from .tables import MEMBERS, M

_KEY = (M.image_id == sa.bindparam("b_image_id"), M.member_id == sa.bindparam("b_member_id"))

INSERT = insert(MEMBERS)
GET = Query(sa.select(MEMBERS).where(*_KEY), Member)
OF_IMAGE = Query(sa.select(MEMBERS).where(M.image_id == sa.bindparam("image_id")).order_by(M.created_at, M.member_id), Member)
UPDATE: Query[Any] = Query(
    sa.update(MEMBERS).where(*_KEY).values(status=sa.bindparam("status"), updated_at=sa.bindparam("updated_at"))
)
DELETE: Query[Any] = Query(sa.delete(MEMBERS).where(*_KEY))


async def add(tx: Tx, member: Member) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(member))


async def find(tx: Reader, image_id: str, member_id: str) -> Member | None:
    """One membership."""
    return await tx.one(GET, b_image_id=image_id, b_member_id=member_id)


async def of_image(tx: Reader, image_id: str) -> list[Member]:
    """All of an image's, in the order in which they were added."""
    return await tx.all(OF_IMAGE, image_id=image_id)


async def set_status(tx: Tx, member: Member) -> bool:
    """Write `status` and `updated_at`; False if there is no such member any more."""
    key = {"b_image_id": member.image_id, "b_member_id": member.member_id}
    return await tx.do(UPDATE, **key, status=member.status, updated_at=member.updated_at) == 1


async def remove(tx: Tx, image_id: str, member_id: str) -> bool:
    """Delete; False if there was none."""
    return await tx.do(DELETE, b_image_id=image_id, b_member_id=member_id) == 1
