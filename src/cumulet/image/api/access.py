"""Who may do what to which image: upstream's rules, asked with the image as target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from ...kernel.db import Condition, Reader
from ...kernel.errors import Forbidden, NotFound
from ...kernel.http import Request
from ..model import COMMUNITY, PROPERTY_SEPARATOR, PUBLIC, SHARED, Image, Key, NewImage
from ..operations import images
from ..protections import READ

S = TypeVar("S", Image, Key)


def target(request: Request, image: Image | Key) -> dict[str, Any]:
    """The image as rules see it. Whoever sees a shared image that is not his is a member of it."""
    is_member = image.visibility == SHARED and image.owner != request.actor.project_id
    member_id = request.actor.project_id if is_member else ""
    return {"project_id": image.owner, "owner": image.owner, "visibility": image.visibility, "member_id": member_id}


def shows(request: Request, image: Image | Key) -> bool:
    """Whether an image that the caller's project can see is shown to him."""
    return request.allows("get_image", **target(request, image))


def all_shown(request: Request, found: Sequence[S]) -> list[S]:
    """Those of many images that are shown to the caller; images alike in what the rule looks at are asked about once."""
    answers: dict[tuple[str | None, str], bool] = {}
    shown = []
    for image in found:
        alike = (image.owner, image.visibility)
        if alike not in answers:
            answers[alike] = shows(request, image)
        if answers[alike]:
            shown.append(image)
    return shown


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
    permit_properties(request, {}, new.properties)
    request.authorize("add_image", project_id=owner, owner=owner, visibility=new.visibility)
    permit_visibility(request, new.visibility, owner)


def _holds(request: Request, name: str) -> bool:
    """Whether the caller has the role that a protected property names, or the policy rule allows him."""
    if request.parts.protections.by_policy:
        return request.allows(name)
    return name in {role.lower() for role in request.actor.roles}


def visible(request: Request, image: Image) -> Image:
    """The image with those custom properties that the caller may read."""
    if not request.parts.protections.sections:
        return image
    readable = request.parts.protections.readable(image, partial(_holds, request))
    return msgspec.structs.replace(image, properties=readable)


def reader(request: Request) -> frozenset[str]:
    """What the caller has of that which opens protected properties to readers: all who have the same see the same of an image."""
    return frozenset(name for name in request.parts.protections.openers if _holds(request, name))


def permit_properties(request: Request, before: dict[str, str], after: dict[str, str]) -> None:
    """Raise Forbidden if the caller may not change custom properties so."""
    request.parts.protections.check(before, after, partial(_holds, request))


def permit_conditions(request: Request, conditions: Sequence[Condition]) -> None:
    """Raise Forbidden for a look at images by the value of a property that the caller may not read."""
    for condition in conditions:
        name = str(condition.value).partition(PROPERTY_SEPARATOR)[0]
        if condition.name == "property" and not request.parts.protections.allows(READ, name, partial(_holds, request)):
            raise Forbidden(f"Property {name} is reserved.")
