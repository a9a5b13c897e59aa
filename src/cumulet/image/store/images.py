"""Images' records. What changes their status is in `transitions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ...kernel.clock import Stamp
from ...kernel.db import Listing, Page, Query, Reader, Tx, among, values
from ..model import (
    ACCEPTED,
    COMMUNITY,
    DELETED,
    FILLING,
    MEMBER_STATUSES,
    PROPERTY_SEPARATOR,
    QUEUED,
    SORTS,
    Attempt,
    Image,
    Key,
    Trace,
)
from . import labels
from .tables import COLUMNS, IMAGES, LIVE, NEXT_VERSION, PROPERTIES, TAGS, T, one_of, shown_to

_MUTABLE = ("name", "visibility", "owner", "min_disk", "min_ram", "disk_format", "container_format", "protected", "os_hidden")

GET = Query(LIVE.where(T.id == sa.bindparam("id")), Image)
GET_SHOWN = Query(LIVE.where(T.id == sa.bindparam("id"), shown_to("project_id")), Image)
MANY = Query(LIVE.where(among(T.id, "ids")), Image)
MANY_SHOWN = Query(LIVE.where(among(T.id, "ids"), shown_to("project_id")), Image)
INSERT: Query[Any] = Query(sa.insert(IMAGES).values({c.name: sa.bindparam(c.name, type_=c.type) for c in COLUMNS}))
_UPDATE = (
    sa.update(IMAGES)
    .where(T.id == sa.bindparam("b_id"), T.revision == sa.bindparam("b_revision"), T.status != DELETED)
    .values({name: sa.bindparam(name, type_=T[name].type) for name in _MUTABLE})
    .values(updated_at=sa.bindparam("updated_at"), revision=T.revision + 1, **NEXT_VERSION)
)
UPDATE: Query[Any] = Query(_UPDATE)
UPDATE_QUEUED: Query[Any] = Query(_UPDATE.where(T.status == QUEUED))
TOUCH: Query[Any] = Query(
    sa.update(IMAGES)
    .where(T.id == sa.bindparam("b_id"), T.revision == sa.bindparam("b_revision"), T.status != DELETED)
    .values(updated_at=sa.bindparam("updated_at"), revision=T.revision + 1, **NEXT_VERSION)
)
TRACES = Query(sa.select(T.id, T.status, T.upload_id), Trace)
TRACE = Query(sa.select(T.id, T.status, T.upload_id).where(T.id == sa.bindparam("id")), Trace)

REFORMAT: Query[Any] = Query(
    sa.update(IMAGES)
    .where(T.id == sa.bindparam("b_id"))
    .values(disk_format=sa.bindparam("disk_format"), container_format=sa.bindparam("container_format"), **NEXT_VERSION)
)
ATTEMPTED: Query[Any] = Query(sa.select(T.id, T.upload_id).where(one_of(T.status, FILLING)))
IS_ATTEMPTED: Query[Any] = Query(
    sa.select(T.id).where(T.id == sa.bindparam("id"), one_of(T.status, FILLING), T.upload_id == sa.bindparam("upload"))
)


def _shown(op: str, parameter: str) -> sa.ColumnElement[bool]:
    return shown_to(parameter, op if op in MEMBER_STATUSES else None)


def _by_default(op: str, parameter: str) -> sa.ColumnElement[bool]:
    return sa.or_(T.visibility != COMMUNITY, T.owner == sa.bindparam(parameter, type_=sa.Text()))


def _tagged(op: str, parameter: str) -> sa.ColumnElement[bool]:
    wanted = sa.bindparam(parameter, type_=sa.Text())
    return sa.exists(sa.select(TAGS.c.value).where(TAGS.c.image_id == T.id, TAGS.c.value == wanted).correlate(IMAGES))


def _with_property(op: str, parameter: str) -> sa.ColumnElement[bool]:
    wanted = sa.bindparam(parameter, type_=sa.Text())
    pair = PROPERTIES.c.name + PROPERTY_SEPARATOR + PROPERTIES.c.value
    return sa.exists(sa.select(PROPERTIES.c.name).where(PROPERTIES.c.image_id == T.id, pair == wanted).correlate(IMAGES))


def _second(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """An instant without its fraction: what clients see of it, and filter by."""
    return sa.func.substr(column, sa.literal_column("1"), sa.literal_column("19"), type_=sa.Text())


HASHES = ("checksum", "os_hash_algo", "os_hash_value")
EXACT = (*SORTS[:6], "visibility", "owner", "virtual_size", "min_disk", "min_ram", "protected", "os_hidden", *HASHES)
KEYS = Listing(
    LIVE.with_only_columns(*(T[name] for name in Key.__struct_fields__)),
    Key,
    key=T.id,
    sorts={name: T[name] for name in SORTS},
    filters={
        **{name: T[name] for name in EXACT},
        "created_at": _second(T.created_at),
        "updated_at": _second(T.updated_at),
        "tag": _tagged,
        "property": _with_property,
        "shown_to": _shown,
        "default_for": _by_default,
    },
    default=[("created_at", True)],
)
"""`shown_to` is a project; its operator is the member status that counts, or `all`. `default_for` is a project, too: it leaves out
the community images of others."""


async def find(tx: Reader, image_id: str, project_id: str | None) -> Image | None:
    """An image which a project may see; with None, any that is not deleted."""
    if project_id is None:
        found = await tx.one(GET, id=image_id)
    else:
        found = await tx.one(GET_SHOWN, id=image_id, project_id=project_id)
    return (await labels.fill(tx, [found]))[0] if found else None


async def keys(tx: Reader, wanted: Page, project_id: str | None, member_status: str = ACCEPTED) -> list[Key]:
    """A page of the images which a project may see; with None, of all."""
    if project_id is not None:
        wanted = wanted.where("shown_to", project_id, member_status)
    return await KEYS.page(tx, wanted)


async def many(tx: Reader, ids: Sequence[str], project_id: str | None) -> list[Image]:
    """Those of these images which a project may see, in no order; with None, all that are not deleted."""
    if not ids:
        return []
    if project_id is None:
        return await labels.fill(tx, await tx.all(MANY, ids=ids))
    return await labels.fill(tx, await tx.all(MANY_SHOWN, ids=ids, project_id=project_id))


async def add(tx: Tx, image: Image) -> None:
    """Insert, without locations. Raises Duplicate if the id is taken, also by a deleted image."""
    fields = values(image)
    tags, properties, _ = fields.pop("tags"), fields.pop("properties"), fields.pop("locations")
    await tx.do(INSERT, **fields)
    await labels.set_tags(tx, image.id, tags, new=True)
    await labels.set_properties(tx, image.id, properties, new=True)


async def save(tx: Tx, before: Image, after: Image, now: Stamp) -> bool:
    """Write what differs.

    False if the image was changed or deleted meanwhile, or if its formats change and it is not queued any more.
    """
    same_formats = (before.disk_format, before.container_format) == (after.disk_format, after.container_format)
    if all(getattr(before, name) == getattr(after, name) for name in _MUTABLE):
        done = await touch(tx, before, now)
    else:
        changes = {name: getattr(after, name) for name in _MUTABLE}
        query = UPDATE if same_formats else UPDATE_QUEUED
        done = await tx.do(query, b_id=before.id, b_revision=before.revision, updated_at=now, **changes) == 1
    if not done:
        return False
    if before.tags != after.tags:
        await labels.set_tags(tx, after.id, after.tags)
    if before.properties != after.properties:
        await labels.set_properties(tx, after.id, after.properties)
    return True


async def touch(tx: Tx, before: Image, now: Stamp) -> bool:
    """Note that something about the image changed; False if it was changed or deleted meanwhile."""
    return await tx.do(TOUCH, b_id=before.id, b_revision=before.revision, updated_at=now) == 1


async def traces(tx: Reader) -> dict[str, Trace]:
    """Every image's trace by id, deleted ones included."""
    return {trace.id: trace for trace in await tx.all(TRACES)}


async def trace(tx: Reader, image_id: str) -> Trace | None:
    """One image's trace, even if it is deleted."""
    return await tx.one(TRACE, id=image_id)


async def attempted(tx: Reader) -> set[tuple[str, str]]:
    """(image, attempt) of all images that are being filled."""
    return {(image_id, upload_id) for image_id, upload_id in await tx.all(ATTEMPTED)}


async def is_attempted(tx: Reader, attempt: Attempt) -> bool:
    """Whether an image is still being filled by this attempt."""
    return await tx.one(IS_ATTEMPTED, id=attempt.image_id, upload=attempt.upload_id) is not None


async def reformat(tx: Tx, image_id: str, disk_format: str, container_format: str) -> None:
    """Write what the bytes turned out to be."""
    await tx.do(REFORMAT, b_id=image_id, disk_format=disk_format, container_format=container_format)
