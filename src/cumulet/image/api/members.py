"""Sharing. https://docs.openstack.org/api-ref/image/v2/#sharing"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, no_content, ok
from ..operations import members
from . import views
from .access import permitted


class NewMember(Struct):
    """The project to share an image with."""

    member: Annotated[str, Meta(max_length=255)]


class Answer(Struct):
    """What a member says to an image."""

    status: str


async def index(request: Request, image_id: str) -> Response:
    """List members."""
    image = await permitted(request, request.tx, image_id, "get_members")
    found = await members.list_of(request.tx, request.actor, image)
    return ok({"members": [views.member(member) for member in found], "schema": "/v2/schemas/members"})


async def create(request: Request, image_id: str, body: NewMember) -> Response:
    """Share an image: 200, as Glance answers."""
    if not body.member:
        raise Invalid("Member can't be empty")
    image = await permitted(request, request.tx, image_id, "add_member")
    return ok(views.member(await members.add(request.tx, image, body.member)))


async def show(request: Request, image_id: str, member_id: str) -> Response:
    """Show a member."""
    image = await permitted(request, request.tx, image_id, "get_member")
    return ok(views.member(await members.get(request.tx, request.actor, image, member_id)))


async def update(request: Request, image_id: str, member_id: str, body: Answer) -> Response:
    """Answer for one's own project."""
    image = await permitted(request, request.tx, image_id, "get_image")
    member = await members.get(request.tx, request.actor, image, member_id)
    request.authorize("modify_member", project_id=image.owner, member_id=member_id)
    return ok(views.member(await members.answer(request.tx, member, body.status)))


async def delete(request: Request, image_id: str, member_id: str) -> Response:
    """Stop sharing."""
    image = await permitted(request, request.tx, image_id, "delete_member")
    await members.remove(request.tx, image, member_id)
    return no_content()
