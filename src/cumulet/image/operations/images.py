"""Images: making, finding, changing, deleting them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...contract.guests import ImageSource
from ...kernel import ids, workflow
from ...kernel.db import Duplicate, Page, Reader, Tx
from ...kernel.errors import Conflict, Forbidden, NotFound
from ...kernel.policy import Actor
from .. import events, quotas, rules
from ..bytestores import Stores
from ..model import ACCEPTED, ACTIVE, DEACTIVATED, DELETED, HASH, QUEUED, Image, Key, NewImage
from ..store import images, transitions

__all__ = [
    "Image",
    "NewImage",
    "add_tag",
    "create",
    "deactivate",
    "delete",
    "get",
    "keys",
    "known",
    "many",
    "reactivate",
    "remove_tag",
    "source",
    "source_of",
    "update",
]


async def get(tx: Reader, actor: Actor, image_id: str) -> Image:
    """An image, as the actor may see it: his project's, public, community, or shared with his project. Raises NotFound."""
    found = await images.find(tx, image_id, actor.scope)
    if found is None:
        raise NotFound(f"No image found with ID {image_id}")
    return found


async def known(tx: Reader, image_id: str) -> Image:
    """An image, whoever owns it: for services that have to do with it anyway. Raises NotFound."""
    found = await images.find(tx, image_id, None)
    if found is None:
        raise NotFound(f"No image found with ID {image_id}")
    return found


async def keys(tx: Reader, actor: Actor, wanted: Page, member_status: str = ACCEPTED) -> list[Key]:
    """A page of the images which the actor may see; of those shared with his project, the ones with that answer (`all`: any)."""
    return await images.keys(tx, wanted, actor.scope, member_status)


async def many(tx: Reader, actor: Actor, ids: Sequence[str]) -> list[Image]:
    """Those of these images which the actor may see, in no order."""
    return await images.many(tx, ids, actor.scope)


async def source(tx: Reader, stores: Stores, image_id: str) -> ImageSource:
    """Where an agent gets the bytes.

    Raises NotFound, Forbidden (deactivated), Conflict (not active), Invalid (not a plain disk), Unavailable (its store is gone).
    """
    image = await images.find(tx, image_id, None)
    if image is None:
        raise NotFound(f"No image found with ID {image_id}")
    return source_of(stores, image)


def source_of(stores: Stores, image: Image) -> ImageSource:
    """`source` for an image that has just been read."""
    rules.check_readable(image)
    rules.check_startable(image)
    found = stores.best_location(image.locations)
    store = stores.get(found.store).store
    content = (image.size or 0, image.os_hash_value or "", image.disk_format or "raw")
    return ImageSource(image.id, store.url(found.key), *content, store.private, image.os_hash_algo or HASH)


async def create(tx: Tx, actor: Actor, new: NewImage) -> Image:
    """A queued image. Raises Conflict if its id is taken, TooLarge for too many properties, or images of its project."""
    rules.check_properties(new.properties)
    fields = msgspec.structs.asdict(new) | {"id": new.id or ids.new_uuid(), "owner": new.owner or actor.project_id}
    image = Image(status=QUEUED, created_at=tx.stamp, updated_at=tx.stamp, **fields)
    try:
        await images.add(tx, image)
    except Duplicate:
        raise Conflict(f"Image ID {image.id} already exists!") from None
    await quotas.check(tx, await quotas.of_project(tx, image.owner, 0))
    await events.of_image(tx, "create", image)
    return image


async def update(tx: Tx, actor: Actor, before: Image, after: Image) -> Image:
    """Change a record from what was read to what is wanted. Raises Forbidden, TooLarge, and Conflict if it changed meanwhile."""
    if before == after:
        return before
    rules.check_change(before, after, actor.is_admin)
    rules.check_properties(after.properties)
    if not await images.save(tx, before, after, tx.stamp):
        raise Conflict(f"Image {before.id} was changed by somebody else meanwhile; try again.")
    saved = msgspec.structs.replace(after, updated_at=tx.stamp, revision=before.revision + 1)
    await events.of_image(tx, "update", saved)
    return saved


async def add_tag(tx: Tx, actor: Actor, image: Image, tag: str) -> None:
    """Tag an image. Raises Invalid, TooLarge."""
    tags = rules.FIELDS["tags"]("tags", [*image.tags, tag])
    await update(tx, actor, image, msgspec.structs.replace(image, tags=tags))


async def remove_tag(tx: Tx, actor: Actor, image: Image, tag: str) -> None:
    """Take a tag off. Raises NotFound."""
    if tag not in image.tags:
        raise NotFound(f"Image {image.id} has no tag {tag}.")
    await update(tx, actor, image, msgspec.structs.replace(image, tags=tuple(t for t in image.tags if t != tag)))


async def delete(tx: Tx, image: Image) -> None:
    """Delete an image in any status; a running upload or import finds out. `placing.put_away` its bytes then.

    Raises Forbidden if it is protected, NotFound.
    """
    if image.protected:
        raise Forbidden(f"Image {image.id} is protected and cannot be deleted.")
    if not await transitions.delete(tx, image.id):
        raise NotFound(f"No image found with ID {image.id}")
    await events.of_image(tx, "delete", msgspec.structs.replace(image, status=DELETED, updated_at=tx.stamp))
    await workflow.intend(tx, "image", image.id)


async def deactivate(tx: Tx, image: Image) -> None:
    """Make the bytes unreadable. Raises Forbidden for an image that is neither active nor deactivated."""
    if await transitions.deactivate(tx, image.id):
        await events.of_image(tx, "update", msgspec.structs.replace(image, status=DEACTIVATED, updated_at=tx.stamp))
    elif image.status != DEACTIVATED:
        raise Forbidden(f"Not allowed to deactivate image in status '{image.status}'")


async def reactivate(tx: Tx, image: Image) -> None:
    """Make the bytes readable again. Raises Forbidden for an image that is neither active nor deactivated."""
    if await transitions.reactivate(tx, image.id):
        await events.of_image(tx, "update", msgspec.structs.replace(image, status=ACTIVE, updated_at=tx.stamp))
    elif image.status != ACTIVE:
        raise Forbidden(f"Not allowed to reactivate image in status '{image.status}'")
