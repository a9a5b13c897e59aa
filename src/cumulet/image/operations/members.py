"""Sharing images with other projects."""

from __future__ import annotations

import msgspec

from ...kernel.db import Duplicate, Reader, Tx
from ...kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from ...kernel.policy import Actor
from .. import events, rules
from ..model import MEMBER_STATUSES, PENDING, SHARED, Image, Member
from ..store import members

__all__ = ["Member", "add", "answer", "get", "list_of", "remove"]


def _check_shared(image: Image) -> None:
    if image.visibility != SHARED:
        raise Forbidden("Only shared images have members.")


def _sees_all(actor: Actor, image: Image) -> bool:
    return actor.scope is None or actor.scope == image.owner


async def list_of(tx: Reader, actor: Actor, image: Image) -> list[Member]:
    """The members: all of them for the owner, a member sees itself. Raises Forbidden unless the image is shared."""
    _check_shared(image)
    found = await members.of_image(tx, image.id)
    return [member for member in found if _sees_all(actor, image) or member.member_id == actor.scope]


async def get(tx: Reader, actor: Actor, image: Image, member_id: str) -> Member:
    """One member. Raises NotFound, also for one that the actor may not see."""
    found = await members.find(tx, image.id, member_id) if image.visibility == SHARED else None
    if found is None or not (_sees_all(actor, image) or member_id == actor.scope):
        raise NotFound(f"{member_id} not found in the member list of the image {image.id}.")
    return found


async def add(tx: Tx, image: Image, member_id: str) -> Member:
    """Share an image with a project, which has still to accept it. Raises Forbidden, Conflict, TooLarge."""
    _check_shared(image)
    await tx.hold(f"members of image {image.id}")
    if len(await members.of_image(tx, image.id)) >= rules.MOST_MEMBERS:
        raise TooLarge(f"An image may have {rules.MOST_MEMBERS} members, and image {image.id} has that many.")
    member = Member(image.id, member_id, PENDING, tx.stamp, tx.stamp)
    try:
        await members.add(tx, member)
    except Duplicate:
        raise Conflict(f"Member {member_id} is duplicated for image {image.id}") from None
    await events.of_member(tx, "create", member)
    return member


async def answer(tx: Tx, member: Member, status: str) -> Member:
    """Accept an image, reject it, or go back to pending. Raises Invalid, NotFound."""
    if status not in MEMBER_STATUSES:
        raise Invalid(f"Invalid value for 'status': {status!r} is not one of {', '.join(MEMBER_STATUSES)}.")
    answered = msgspec.structs.replace(member, status=status, updated_at=tx.stamp)
    if not await members.set_status(tx, answered):
        raise NotFound(f"{member.member_id} not found in the member list of the image {member.image_id}.")
    await events.of_member(tx, "update", answered)
    return answered


async def remove(tx: Tx, image: Image, member_id: str) -> None:
    """Stop sharing with a project. Raises Forbidden, NotFound."""
    _check_shared(image)
    found = await members.find(tx, image.id, member_id)
    if found is None or not await members.remove(tx, image.id, member_id):
        raise NotFound(f"{member_id} not found in the member list of the image {image.id}.")
    await events.of_member(tx, "delete", found)
