"""Tags, custom properties and locations, which are read together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among
from ...kernel.db.rows import delete
from ..model import Image, Location
from .tables import IMAGES, LOCATIONS, NEXT_VERSION, PROPERTIES, TAGS, L, T

_NOTHING = sa.null().label("more")


def _rows(kind: str, table: sa.Table, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(sa.literal_column(f"'{kind}'").label("kind"), table.c.image_id, *columns).where(among(table.c.image_id, "ids"))


OF_IMAGES: Query[Any] = Query(
    sa.union_all(
        _rows("tag", TAGS, TAGS.c.value.label("name"), sa.null().label("value"), _NOTHING),
        _rows("property", PROPERTIES, PROPERTIES.c.name, PROPERTIES.c.value, _NOTHING),
        _rows("location", LOCATIONS, L.store.label("name"), L.key.label("value"), L.metadata.label("more")),
    )
)
"""(kind, image, name, value, more) of everything that an image has several of."""
DELETE_TAGS, DELETE_PROPERTIES = delete(TAGS, "image_id"), delete(PROPERTIES, "image_id")

_P = PROPERTIES.c
OF_IMAGE: Query[Any] = Query(sa.select(_P.name, _P.value).where(_P.image_id == sa.bindparam("image_id")))
DELETE_SOME: Query[Any] = Query(sa.delete(PROPERTIES).where(_P.image_id == sa.bindparam("b_image_id"), among(_P.name, "b_names")))
NOTE_CHANGE: Query[Any] = Query(
    sa.update(IMAGES)
    .where(T.id == sa.bindparam("b_id"))
    .values(updated_at=sa.bindparam("now"), revision=T.revision + 1, **NEXT_VERSION)
)


@cache
def _insert(table: sa.Table, count: int) -> Query[Any]:
    """INSERT of `count` rows of one image; the limits on tags and properties bound how many such statements there are."""
    rows = [
        {c.name: sa.bindparam("image_id" if c.name == "image_id" else f"{c.name}{at}", type_=sa.Text()) for c in table.columns}
        for at in range(count)
    ]
    return Query(sa.insert(table).values(rows))


async def fill(tx: Reader, images: Sequence[Image]) -> list[Image]:
    """The images with their tags, properties and locations."""
    if not images:
        return []
    found: dict[str, _Labels] = {image.id: _Labels() for image in images}
    for kind, image_id, name, value, more in await tx.all(OF_IMAGES, ids=list(found)):
        if kind == "tag":
            found[image_id].tags.append(name)
        elif kind == "property":
            found[image_id].properties[name] = value
        else:
            found[image_id].locations.append(Location(name, value, msgspec.json.decode(more)))
    return [_labelled(image, found[image.id]) for image in images]


class _Labels(msgspec.Struct):
    tags: list[str] = []
    properties: dict[str, str] = {}
    locations: list[Location] = []


def _labelled(image: Image, labels: _Labels) -> Image:
    locations = tuple(sorted(labels.locations, key=lambda location: (location.store, location.key)))
    return msgspec.structs.replace(image, tags=tuple(sorted(labels.tags)), properties=labels.properties, locations=locations)


async def set_tags(tx: Tx, image_id: str, tags: Sequence[str], new: bool = False) -> None:
    """Write all tags, which must be distinct, of an image that is new or was changed just now; `new`: it has none yet."""
    if not new:
        await tx.do(DELETE_TAGS, key=image_id)
    if tags:
        await tx.do(_insert(TAGS, len(tags)), image_id=image_id, **{f"value{at}": tag for at, tag in enumerate(tags)})


async def set_properties(tx: Tx, image_id: str, properties: Mapping[str, str], new: bool = False) -> None:
    """Write all properties of an image that is new or was changed just now; `new`: it has none yet."""
    if not new:
        await tx.do(DELETE_PROPERTIES, key=image_id)
    if properties:
        bound: dict[str, str] = {}
        for at, (name, value) in enumerate(properties.items()):
            bound |= {f"name{at}": name, f"value{at}": value}
        await tx.do(_insert(PROPERTIES, len(properties)), image_id=image_id, **bound)


async def properties(tx: Reader, image_id: str) -> dict[str, str]:
    """All of an image's."""
    return dict(await tx.all(OF_IMAGE, image_id=image_id))


async def change_properties(tx: Tx, image_id: str, changes: Mapping[str, str | None]) -> None:
    """Write some properties and leave the others alone; None removes one. Whoever read the image before cannot write it back."""
    await tx.do(NOTE_CHANGE, b_id=image_id, now=tx.stamp)
    await tx.do(DELETE_SOME, b_image_id=image_id, b_names=list(changes))
    kept = {name: value for name, value in changes.items() if value is not None}
    await set_properties(tx, image_id, kept, new=True)
