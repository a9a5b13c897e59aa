"""Attachments. https://docs.openstack.org/api-ref/block-storage/v3/#attachments-attachments"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from ...kernel.errors import Invalid
from ...kernel.http import Filter, Lives, Paging, Request, Response, no_content, ok
from ..model import Attachment
from ..operations import outside
from . import values as v
from .links import VERSION, following
from .volumes.listing import STRICT, minor

STATUSES = {"attached": ["attached", "detaching"], "detached": []}
NAMES = {
    *("volume_id", "status", "attach_status", "instance_id"),
    *("limit", "marker", "offset", "sort", "sort_key", "sort_dir", "all_tenants"),
}
PAGING = Paging(
    filters={"volume_id": Filter("volume_id"), "instance_id": Filter("server_id")},
    sorts={"id": "id", "created_at": "created_at", "status": "status", "volume_id": "volume_id", "instance_id": "server_id"},
    always_limit=True,
    descending=True,
)


class NewAttachmentBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A volume to be taken, and by whom."""

    volume_uuid: str
    instance_uuid: str | None = None
    connector: dict[str, Any] | None = None
    mode: Annotated[str, Meta(pattern="^(rw|ro)$"), Lives("3.54")] = "rw"

    def check(self) -> None:
        """Raise Invalid for what is not a UUID."""
        v.identifier("volume_uuid", self.volume_uuid)
        if self.instance_uuid is not None:
            v.identifier("instance_uuid", self.instance_uuid)


class ConnectorBody(Struct, forbid_unknown_fields=True):
    """The machine that is to use the volume."""

    connector: dict[str, Any]


def _brief(a: Attachment) -> dict[str, Any]:
    status = "attached" if a.status == "detaching" else a.status
    return {"id": a.id, "status": status, "instance": a.server_id, "volume_id": a.volume_id}


def _whole(a: Attachment) -> dict[str, Any]:
    return {
        **_brief(a),
        "attached_at": a.attached_at or "",
        "detached_at": "",
        "attach_mode": a.mode,
        "connection_info": outside.connection(a),
    }


async def _found(request: Request) -> tuple[list[Attachment], dict[str, Any]]:
    """The attachments that are asked for, and the link to those that follow."""
    wrong = sorted(set(request.query) - NAMES)
    if wrong and minor(request) >= STRICT and not request.actor.is_admin:
        raise Invalid(f"Invalid filters {', '.join(wrong)} are found in query options.")
    page = PAGING.page(request)
    status = request.asked("attach_status") or request.asked("status")
    if status is not None:
        page = page.where("status", STATUSES.get(status, [status]), "in")
    found = await outside.page(request.tx, request.actor, page, v.asked_flag(request, "all_tenants"))
    if not found or len(found) != page.limit:
        return found, {}
    path = request.path.removeprefix(request.mount + VERSION)
    return found, {"attachments_links": following(request, path, found[-1].id)}


async def index(request: Request) -> Response:
    """List attachments in short."""
    found, links = await _found(request)
    return ok({"attachments": [_brief(a) for a in found], **links})


async def detail(request: Request) -> Response:
    """List attachments."""
    found, links = await _found(request)
    return ok({"attachments": [_whole(a) for a in found], **links})


async def show(request: Request, attachment_id: str) -> Response:
    """Show one."""
    return ok({"attachment": _whole(await outside.get(request.tx, request.actor, attachment_id))})


async def create(request: Request, body: NewAttachmentBody) -> Response:
    """Take a volume."""
    body.check()
    how = (body.mode, body.connector)
    made = await outside.create(request.tx, request.actor, body.volume_uuid, body.instance_uuid, how)
    return ok({"attachment": _whole(made)})


async def update(request: Request, attachment_id: str, body: ConnectorBody) -> Response:
    """Say which machine is going to use it."""
    if not body.connector:
        raise Invalid("Invalid input for field/attribute connector. Value: {}. It must not be empty.")
    return ok({"attachment": _whole(await outside.update(request.tx, request.actor, attachment_id, body.connector))})


async def complete(request: Request, attachment_id: str) -> Response:
    """It is in use now."""
    await outside.complete(request.tx, request.actor, attachment_id)
    return no_content()


async def delete(request: Request, attachment_id: str) -> Response:
    """Let the volume go; what attachments it has then: none."""
    await outside.delete(request.tx, request.actor, attachment_id)
    return ok({"attachments": []})
