"""The changes of status: each is one statement that names the status it starts from, and tells whether it happened."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.clock import Stamp
from ...kernel.db import Query, Reader, Tx, values
from ..model import (
    ACTIVE,
    DEACTIVATED,
    DELETED,
    FILLING,
    IMPORTING,
    QUEUED,
    SAVING,
    UPLOADING,
    Attempt,
    Facts,
    Gone,
    Location,
)
from . import locations
from .tables import IMAGES, NEXT_VERSION, T, one_of

_NO_UPLOAD = {"upload_id": sa.null(), "upload_seen": sa.null()}
_MINE = (T.id == sa.bindparam("b_id"), T.status == sa.bindparam("b_status"), T.upload_id == sa.bindparam("b_upload"))


def _set(*where: sa.ColumnElement[bool]) -> sa.Update:
    return sa.update(IMAGES).where(*where).values(updated_at=sa.bindparam("now"), **NEXT_VERSION)


BEGIN: Query[Any] = Query(
    _set(T.id == sa.bindparam("b_id"), T.status == QUEUED).values(
        status=sa.bindparam("status"),
        upload_id=sa.bindparam("upload"),
        upload_seen=sa.bindparam("now"),
        announced=sa.bindparam("announced"),
    )
)
RENEW: Query[Any] = Query(sa.update(IMAGES).where(*_MINE).values(upload_seen=sa.bindparam("now")))
ACTIVATE: Query[Any] = Query(
    _set(*_MINE).values(
        status=ACTIVE,
        **{n: sa.bindparam(n, type_=T[n].type) for n in Facts.__struct_fields__},
        **_NO_UPLOAD,
    )
)
REQUEUE: Query[Any] = Query(_set(*_MINE).values(status=QUEUED, size=sa.null(), **_NO_UPLOAD))
STAGED: Query[Any] = Query(_set(*_MINE).values(upload_seen=sa.null(), size=sa.bindparam("size")))
_IMPORTING = {"status": IMPORTING, "upload_id": sa.bindparam("upload"), "upload_seen": sa.null()}
IMPORT: Query[Any] = Query(_set(T.id == sa.bindparam("b_id"), T.status == QUEUED).values(**_IMPORTING))
IMPORT_STAGED: Query[Any] = Query(
    _set(T.id == sa.bindparam("b_id"), T.status == UPLOADING, T.upload_seen.is_(None)).values(**_IMPORTING)
)
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
        status=sa.case((one_of(T.deleted_from, FILLING), QUEUED), else_=T.deleted_from),
        deleted_at=sa.null(),
        deleted_from=sa.null(),
        size=sa.case((one_of(T.deleted_from, FILLING), sa.null()), else_=T.size),
    )
)
ALL_DELETED = Query(
    sa.select(T.id, T.name, T.owner, T.size, T.deleted_at).where(T.status == DELETED).order_by(T.deleted_at.desc(), T.id), Gone
)
IS_DELETED: Query[Any] = Query(sa.select(T.id).where(T.id == sa.bindparam("id"), T.status == DELETED))
FORGET: Query[Any] = Query(sa.delete(IMAGES).where(T.id == sa.bindparam("b_id"), T.status == DELETED))
STALLED = Query(
    sa.select(T.id, T.upload_id, T.status).where(one_of(T.status, (SAVING, UPLOADING)), T.upload_seen < sa.bindparam("before")),
    Attempt,
)
FORGETTABLE: Query[Any] = Query(sa.select(T.id).where(T.status == DELETED, T.deleted_at < sa.bindparam("before")))


def _mine(attempt: Attempt) -> dict[str, str]:
    return {"b_id": attempt.image_id, "b_upload": attempt.upload_id, "b_status": attempt.status}


async def begin(tx: Tx, attempt: Attempt, announced: int | None = None) -> bool:
    """queued → what the image is during this attempt, which says that it brings `announced` bytes."""
    given = {"status": attempt.status, "upload": attempt.upload_id, "announced": announced, "now": tx.stamp}
    return await tx.do(BEGIN, b_id=attempt.image_id, **given) == 1


async def renew(tx: Tx, attempt: Attempt) -> bool:
    """The upload goes on."""
    return await tx.do(RENEW, **_mine(attempt), now=tx.stamp) == 1


async def wait(tx: Tx, attempt: Attempt, size: int) -> bool:
    """uploading: its `size` bytes are complete in the staging store, and wait for their import for as long as it takes."""
    return await tx.do(STAGED, **_mine(attempt), size=size, now=tx.stamp) == 1


async def take_over(tx: Tx, attempt: Attempt, staged: bool) -> bool:
    """queued → importing; or uploading → importing, if `staged` bytes wait. The image is the attempt's from now on."""
    given = {"upload": attempt.upload_id, "now": tx.stamp}
    return await tx.do(IMPORT_STAGED if staged else IMPORT, b_id=attempt.image_id, **given) == 1


async def activate(tx: Tx, attempt: Attempt, facts: Facts, location: Location) -> bool:
    """What it was during the attempt → active, with what is known of the bytes and where they are."""
    if await tx.do(ACTIVATE, **_mine(attempt), now=tx.stamp, **values(facts)) != 1:
        return False
    await locations.add(tx, attempt.image_id, location)
    return True


async def requeue(tx: Tx, attempt: Attempt) -> bool:
    """What it was during the attempt → queued."""
    return await tx.do(REQUEUE, **_mine(attempt), now=tx.stamp) == 1


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


async def deleted(tx: Reader) -> list[Gone]:
    """Every image that was deleted and can still be named, the latest first."""
    return await tx.all(ALL_DELETED)


async def is_deleted(tx: Reader, image_id: str) -> bool:
    """Whether there was such an image."""
    return await tx.one(IS_DELETED, id=image_id) is not None


async def forget(tx: Tx, image_id: str) -> bool:
    """deleted → gone."""
    return await tx.do(FORGET, b_id=image_id) == 1


async def stalled(tx: Reader, before: Stamp) -> list[Attempt]:
    """Uploads which were not heard of since."""
    return await tx.all(STALLED, before=before)


async def forgettable(tx: Reader, before: Stamp) -> list[str]:
    """Images deleted before that."""
    return [image_id for (image_id,) in await tx.all(FORGETTABLE, before=before)]
