"""The changes of status: each is one statement that names the status it starts from, and tells whether it happened."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.clock import Stamp
from ...kernel.db import Query, Reader, Tx
from ..model import ACTIVE, DEACTIVATED, DELETED, HASH, QUEUED, SAVING, Attempt
from .tables import IMAGES, T

_NO_UPLOAD = {"upload_id": sa.null(), "upload_seen": sa.null()}
_MINE = (T.id == sa.bindparam("b_id"), T.status == SAVING, T.upload_id == sa.bindparam("b_upload"))


def _set(*where: sa.ColumnElement[bool]) -> sa.Update:
    return sa.update(IMAGES).where(*where).values(updated_at=sa.bindparam("now"))


BEGIN: Query[Any] = Query(
    _set(T.id == sa.bindparam("b_id"), T.status == QUEUED).values(
        status=SAVING, upload_id=sa.bindparam("upload"), upload_seen=sa.bindparam("now"), announced=sa.bindparam("announced")
    )
)
RENEW: Query[Any] = Query(sa.update(IMAGES).where(*_MINE).values(upload_seen=sa.bindparam("now")))
ACTIVATE: Query[Any] = Query(
    _set(*_MINE).values(
        status=ACTIVE,
        os_hash_algo=HASH,
        **{n: sa.bindparam(n, type_=T[n].type) for n in ("size", "virtual_size", "checksum", "os_hash_value", "bytes_key")},
        **_NO_UPLOAD,
    )
)
REQUEUE: Query[Any] = Query(_set(*_MINE).values(status=QUEUED, **_NO_UPLOAD))
SWITCH: Query[Any] = Query(
    _set(T.id == sa.bindparam("b_id"), T.status == sa.bindparam("b_from")).values(status=sa.bindparam("status"))
)
DELETE: Query[Any] = Query(
    _set(T.id == sa.bindparam("b_id"), T.status != DELETED, sa.not_(T.protected)).values(
        status=DELETED, deleted_at=sa.bindparam("now"), deleted_from=T.status, **_NO_UPLOAD
    )
)
RESTORE: Query[Any] = Query(
    _set(T.id == sa.bindparam("b_id"), T.status == DELETED).values(
        status=sa.case((T.deleted_from == SAVING, QUEUED), else_=T.deleted_from), deleted_at=sa.null(), deleted_from=sa.null()
    )
)
FORGET: Query[Any] = Query(sa.delete(IMAGES).where(T.id == sa.bindparam("b_id"), T.status == DELETED))
STALLED = Query(sa.select(T.id, T.upload_id).where(T.status == SAVING, T.upload_seen < sa.bindparam("before")), Attempt)
FORGETTABLE: Query[Any] = Query(sa.select(T.id).where(T.status == DELETED, T.deleted_at < sa.bindparam("before")))


async def begin(tx: Tx, attempt: Attempt, announced: int | None = None) -> bool:
    """queued → saving, by this attempt, which says that it brings `announced` bytes."""
    given = {"upload": attempt.upload_id, "announced": announced, "now": tx.stamp}
    return await tx.do(BEGIN, b_id=attempt.image_id, **given) == 1


async def renew(tx: Tx, attempt: Attempt) -> bool:
    """The upload goes on."""
    return await tx.do(RENEW, b_id=attempt.image_id, b_upload=attempt.upload_id, now=tx.stamp) == 1


async def activate(tx: Tx, attempt: Attempt, **facts: Any) -> bool:
    """saving → active, with `size`, `virtual_size`, `checksum` and `os_hash_value`."""
    mine = {"b_id": attempt.image_id, "b_upload": attempt.upload_id}
    return await tx.do(ACTIVATE, **mine, bytes_key=attempt.key, now=tx.stamp, **facts) == 1


async def requeue(tx: Tx, attempt: Attempt) -> bool:
    """saving → queued."""
    return await tx.do(REQUEUE, b_id=attempt.image_id, b_upload=attempt.upload_id, now=tx.stamp) == 1


async def deactivate(tx: Tx, image_id: str) -> bool:
    """active → deactivated."""
    return await tx.do(SWITCH, b_id=image_id, b_from=ACTIVE, status=DEACTIVATED, now=tx.stamp) == 1


async def reactivate(tx: Tx, image_id: str) -> bool:
    """deactivated → active."""
    return await tx.do(SWITCH, b_id=image_id, b_from=DEACTIVATED, status=ACTIVE, now=tx.stamp) == 1


async def delete(tx: Tx, image_id: str) -> bool:
    """Any status → deleted, unless the image is protected."""
    return await tx.do(DELETE, b_id=image_id, now=tx.stamp) == 1


async def restore(tx: Tx, image_id: str) -> bool:
    """deleted → what it was."""
    return await tx.do(RESTORE, b_id=image_id, now=tx.stamp) == 1


async def forget(tx: Tx, image_id: str) -> bool:
    """deleted → gone."""
    return await tx.do(FORGET, b_id=image_id) == 1


async def stalled(tx: Reader, before: Stamp) -> list[Attempt]:
    """Uploads which were not heard of since."""
    return await tx.all(STALLED, before=before)


async def forgettable(tx: Reader, before: Stamp) -> list[str]:
    """Images deleted before that."""
    return [image_id for (image_id,) in await tx.all(FORGETTABLE, before=before)]
