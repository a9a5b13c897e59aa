"""Tasks: what users see of imports and other long work on images."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, get, insert
from ..model import TASK_SORTS, UNFINISHED, Task
from .tables import one_of

TASKS = sa.Table(
    "image_tasks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    # No foreign key: a task is shown for a while after its image is gone.
    sa.Column("image_id", sa.Text, nullable=False),
    sa.Column("attempt", sa.Text, nullable=False),
    sa.Column("input", Json, nullable=False),
    sa.Column("result", Json),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text),
    sa.Index("image_tasks_image", "image_id"),
    sa.Index("image_tasks_owner", "owner", "created_at"),
    sa.Index("image_tasks_status", "status"),
)
C = TASKS.c
B = sa.bindparam

INSERT, GET, DELETE = insert(TASKS), get(TASKS, Task), delete(TASKS)
OF_IMAGE = Query(sa.select(TASKS).where(C.image_id == B("image_id")).order_by(C.created_at, C.id), Task)
RUNNING: Query[Any] = Query(sa.select(C.image_id, C.attempt).where(one_of(C.status, UNFINISHED)))
IS_RUNNING: Query[Any] = Query(
    sa.select(C.id).where(C.image_id == B("image_id"), C.attempt == B("attempt"), one_of(C.status, UNFINISHED))
)
_CHANGE = sa.update(TASKS).where(C.id == B("b_id"), one_of(C.status, UNFINISHED))
MOVE: Query[Any] = Query(
    _CHANGE.values(
        status=B("status"),
        message=B("message"),
        result=B("result", type_=Json()),
        updated_at=B("now"),
        expires_at=B("expires_at", type_=sa.Text()),
    )
)
SAY: Query[Any] = Query(_CHANGE.values(message=B("message"), updated_at=B("now")))
EXPIRED = Query(sa.select(TASKS).where(C.expires_at < B("now")).order_by(C.expires_at, C.id), Task)


def _owned(op: str, parameter: str) -> sa.ColumnElement[bool]:
    return C.owner == sa.bindparam(parameter, type_=sa.Text())


LISTING = Listing(
    sa.select(TASKS),
    Task,
    key=C.id,
    sorts={name: C[name] for name in TASK_SORTS},
    filters={"type": C.type, "status": C.status, "owned_by": _owned},
    default=[("created_at", True)],
)


async def add(tx: Tx, task: Task) -> None:
    """Insert."""
    await tx.do(INSERT, **values(task))


async def find(tx: Reader, task_id: str) -> Task | None:
    """One, whoever owns it."""
    return await tx.one(GET, key=task_id)


async def of_image(tx: Reader, image_id: str) -> list[Task]:
    """An image's, oldest first."""
    return await tx.all(OF_IMAGE, image_id=image_id)


async def page(tx: Reader, wanted: Page, project_id: str | None) -> list[Task]:
    """A page of a project's tasks; with None, of all."""
    return await LISTING.page(tx, wanted if project_id is None else wanted.where("owned_by", project_id))


async def running(tx: Reader) -> set[tuple[str, str]]:
    """(image, attempt) of unfinished tasks."""
    return {(image_id, attempt) for image_id, attempt in await tx.all(RUNNING)}


async def is_running(tx: Reader, image_id: str, attempt: str) -> bool:
    """Whether an unfinished task works on the image under this attempt."""
    return await tx.one(IS_RUNNING, image_id=image_id, attempt=attempt) is not None


async def move(tx: Tx, task: Task) -> bool:
    """Write status, message, result and expiry; False if the task is finished already."""
    fields = {"status": task.status, "message": task.message, "result": task.result, "expires_at": task.expires_at}
    return await tx.do(MOVE, b_id=task.id, now=tx.stamp, **fields) == 1


async def say(tx: Tx, task_id: str, message: str) -> None:
    """How far it is. Nothing happens to a finished one."""
    await tx.do(SAY, b_id=task_id, message=message, now=tx.stamp)


async def expired(tx: Tx) -> list[Task]:
    """Those whose time is over."""
    return await tx.all(EXPIRED, now=tx.stamp)


async def forget(tx: Tx, task_id: str) -> bool:
    """Delete; whether it was still there."""
    return await tx.do(DELETE, key=task_id) == 1
