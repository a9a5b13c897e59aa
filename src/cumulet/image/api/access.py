"""Who may do what to which image: upstream's rules, asked with the image as target."""

from __future__ import annotations

from typing import Any

from ...kernel.db import Reader
from ...kernel.errors import NotFound
from ...kernel.http import Request
from ..model import COMMUNITY, PUBLIC, SHARED, Image, NewImage
from ..operations import images


def target(request: Request, image: Image) -> dict[str, Any]:
    """The image as rules see it. Whoever sees a shared image that is not his is a member of it."""
    is_member = image.visibility == SHARED and image.owner != request.actor.project_id
    member_id = request.actor.project_id if is_member else ""
    return {"project_id": image.owner, "owner": image.owner, "visibility": image.visibility, "member_id": member_id}


def shows(request: Request, image: Image) -> bool:
    """Whether an image that the caller's project can see is shown to him."""
    return request.allows("get_image", **target(request, image))


async def permitted(request: Request, tx: Reader, image_id: str, rule: str) -> Image:
    """An image to which the caller may do what `rule` guards. Raises NotFound if he may not even see it, Forbidden."""
    image = await images.get(tx, request.actor, image_id)
    if not shows(request, image):
        raise NotFound(f"No image found with ID {image_id}")
    request.authorize(rule, **target(request, image))
    return image


def permit_visibility(request: Request, visibility: str, owner: str | None) -> None:
    """Raise Forbidden if the caller may not make an image this visible."""
    rule = {PUBLIC: "publicize_image", COMMUNITY: "communitize_image"}.get(visibility)
    if rule is not None:
        request.authorize(rule, project_id=owner, owner=owner, visibility=visibility)


def permit_new(request: Request, new: NewImage) -> None:
    """Raise Forbidden if the caller may not make this image."""
    owner = new.owner or request.actor.project_id
    request.authorize("add_image", project_id=owner, owner=owner, visibility=new.visibility)
    permit_visibility(request, new.visibility, owner)
