"""Tags: words that users put on their objects, and filter by."""

from __future__ import annotations

from ...kernel.db import Reader, Tx
from ...kernel.errors import Invalid, NotFound
from ..store import tags as store

MOST, LONGEST = 50, 255


async def of(tx: Reader, object_ids: list[str]) -> dict[str, list[str]]:
    """Each object's tags, in one statement."""
    return await store.of(tx, object_ids)


async def replace(tx: Tx, object_id: str, tags: list[str]) -> list[str]:
    """Set all tags of an object. Raises Invalid."""
    wanted = list(dict.fromkeys(tags))
    _check(wanted)
    await store.clear(tx, object_id)
    await store.add(tx, object_id, wanted)
    return sorted(wanted)


async def add(tx: Tx, object_id: str, tags: list[str]) -> list[str]:
    """Add tags; all of the object's come back. Raises Invalid."""
    present = (await store.of(tx, [object_id]))[object_id]
    missing = [tag for tag in dict.fromkeys(tags) if tag not in present]
    _check([*present, *missing])
    await store.add(tx, object_id, missing)
    return sorted([*present, *missing])


async def require(tx: Reader, object_id: str, tag: str) -> None:
    """Raise NotFound unless the object has the tag."""
    if tag not in (await store.of(tx, [object_id]))[object_id]:
        raise _missing(tag)


async def remove(tx: Tx, object_id: str, tag: str) -> None:
    """Remove one tag. Raises NotFound."""
    if not await store.remove(tx, object_id, tag):
        raise _missing(tag)


async def clear(tx: Tx, object_id: str) -> None:
    """Remove all tags."""
    await store.clear(tx, object_id)


def _missing(tag: str) -> NotFound:
    return NotFound(f"Tag {tag} could not be found.", code="TagNotFound")


def _check(tags: list[str]) -> None:
    if len(tags) > MOST:
        raise Invalid(f"The number of tags exceed the per-resource limit of {MOST}", code="InvalidInput")
    for tag in tags:
        if not 1 <= len(tag) <= LONGEST or "," in tag:
            raise Invalid(f"'{tag}' is not a valid tag: 1 to {LONGEST} characters without a comma.", code="InvalidInput")
