"""Tags and custom properties, which are read together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among
from ...kernel.db.rows import delete
from ..model import Image
from .tables import PROPERTIES, TAGS

OF_IMAGES: Query[Any] = Query(
    sa.union_all(
        sa.select(TAGS.c.image_id, TAGS.c.value.label("name"), sa.null().label("value")).where(among(TAGS.c.image_id, "ids")),
        sa.select(PROPERTIES.c.image_id, PROPERTIES.c.name, PROPERTIES.c.value).where(among(PROPERTIES.c.image_id, "ids")),
    )
)
"""(image, tag, None) and (image, property, its value)."""
DELETE_TAGS, DELETE_PROPERTIES = delete(TAGS, "image_id"), delete(PROPERTIES, "image_id")


@cache
def _insert(table: sa.Table, count: int) -> Query[Any]:
    """INSERT of `count` rows of one image; the limits on tags and properties bound how many such statements there are."""
    rows = [
        {c.name: sa.bindparam("image_id" if c.name == "image_id" else f"{c.name}{at}", type_=sa.Text()) for c in table.columns}
        for at in range(count)
    ]
    return Query(sa.insert(table).values(rows))


async def fill(tx: Reader, images: Sequence[Image]) -> list[Image]:
    """The images with their tags and properties."""
    if not images:
        return []
    tags: dict[str, list[str]] = {image.id: [] for image in images}
    properties: dict[str, dict[str, str]] = {image.id: {} for image in images}
    for image_id, name, value in await tx.all(OF_IMAGES, ids=list(tags)):
        if value is None:
            tags[image_id].append(name)
        else:
            properties[image_id][name] = value
    return [msgspec.structs.replace(i, tags=tuple(sorted(tags[i.id])), properties=properties[i.id]) for i in images]


async def set_tags(tx: Tx, image_id: str, tags: Sequence[str], new: bool = False) -> None:
    """Write all tags, which must be distinct; `new`: the image has none yet."""
    if not new:
        await tx.do(DELETE_TAGS, key=image_id)
    if tags:
        await tx.do(_insert(TAGS, len(tags)), image_id=image_id, **{f"value{at}": tag for at, tag in enumerate(tags)})


async def set_properties(tx: Tx, image_id: str, properties: Mapping[str, str], new: bool = False) -> None:
    """Write all properties; `new`: the image has none yet."""
    if not new:
        await tx.do(DELETE_PROPERTIES, key=image_id)
    if properties:
        bound: dict[str, str] = {}
        for at, (name, value) in enumerate(properties.items()):
            bound |= {f"name{at}": name, f"value{at}": value}
        await tx.do(_insert(PROPERTIES, len(properties)), image_id=image_id, **bound)
