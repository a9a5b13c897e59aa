"""Snapshots. https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from ....kernel.db import Condition
from ....kernel.errors import Invalid
from ....kernel.http import Filter, Paging, Request, Response, accepted, ok
from ...model import Snapshot
from ...operations import snapshots, volumes
from ...operations.snapshots import NewSnapshot
from ...rules import filters
from .. import values as v
from ..links import following
from ..volumes.bodies import VolumeChanges
from ..volumes.listing import COUNTED, STRICT, escaped, minor
from . import views
from .views import SnapshotView

BY_METADATA, ALWAYS_IN_USE = 22, 66
PAGING = Paging(
    filters={
        "name": Filter("name"),
        "display_name": Filter("name"),
        "name~": Filter("name", "like", lambda text: f"%{escaped(text)}%"),
        "description~": Filter("description", "like", lambda text: f"%{escaped(text)}%"),
        "status": Filter("status"),
        "volume_id": Filter("volume_id"),
        "availability_zone": Filter("zone"),
        "user_id": Filter("user_id"),
        "id": Filter("id"),
    },
    sorts={
        **{name: name for name in ("created_at", "updated_at", "name", "status", "volume_id", "id", "user_id", "size")},
        "display_name": "name",
        "volume_size": "size",
    },
    always_limit=True,
    descending=True,
)
OTHERS = {
    *("metadata", "consumes_quota", "with_count", "all_tenants", "project_id"),
    *("limit", "marker", "offset", "sort", "sort_key", "sort_dir"),
}


class NewSnapshotBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new snapshot. `force` takes one of a volume in use."""

    volume_id: str
    name: v.Text255 | None = None
    display_name: v.Text255 | None = None
    description: v.Text255 | None = None
    display_description: v.Text255 | None = None
    metadata: v.Metadata | None = None
    force: v.Flag | None = None

    def wanted(self, number: int) -> NewSnapshot:
        """What is asked for by a client of the version 3.`number`. Raises Invalid."""
        force = v.flag("force", self.force) if self.force is not None else None
        if number >= ALWAYS_IN_USE and force is False:
            raise Invalid("force parameter is not valid: snapshots of volumes in use need no force any more.")
        return NewSnapshot(
            v.identifier("volume_id", self.volume_id),
            v.stripped(self.name if self.name is not None else self.display_name),
            v.stripped(self.description if self.description is not None else self.display_description),
            self.metadata or {},
            bool(force) or number >= ALWAYS_IN_USE,
        )


class SnapshotStatus(Struct, forbid_unknown_fields=True):
    """os-reset_status."""

    status: Annotated[str, Meta(pattern="^(?i:available|error|creating|deleting|error_deleting)$")]


class Progress(Struct, forbid_unknown_fields=True):
    """os-update_snapshot_status."""

    status: str
    progress: Annotated[str, Meta(pattern="^(100|[0-9]{1,2})%$")] | None = None


BY_WORD = {"creating": ("creating", "available", "error"), "deleting": ("deleting", "error_deleting")}


async def create(request: Request, body: NewSnapshotBody) -> Response:
    """Begin to take a snapshot."""
    made = await snapshots.create(request.tx, request.actor, body.wanted(minor(request)))
    return accepted({"snapshot": views.plain(made)})


async def _page(request: Request, view: Callable[[Snapshot], SnapshotView], path: str) -> Response:
    wanted = set(request.query) - set(PAGING.filters) - OTHERS
    if wanted and minor(request) >= STRICT and not request.actor.is_admin:
        raise Invalid(f"Invalid filters {', '.join(sorted(wanted))} are found in query options.")
    page = PAGING.page(request)
    page = replace(page, conditions=(*page.conditions, *_conditions(request)))
    offset, every = v.asked_count(request, "offset"), v.asked_flag(request, "all_tenants")
    cut = replace(page, limit=page.limit + offset) if offset and page.limit is not None else page
    found = (await snapshots.page(request.tx, request.actor, cut, every))[offset:]
    body: dict[str, Any] = {"snapshots": [view(snapshot) for snapshot in found]}
    if found and len(found) == page.limit:
        body["snapshots_links"] = following(request, path, found[-1].id)
    if minor(request) >= COUNTED and v.asked_flag(request, "with_count"):
        body["count"] = await snapshots.count(request.tx, request.actor, page.conditions, every)
    return ok(body)


def _conditions(request: Request) -> list[Condition]:
    found: list[Condition] = []
    metadata, owner = request.asked("metadata"), request.asked("project_id")
    if metadata and minor(request) >= BY_METADATA:
        items = filters.dictionary("metadata", metadata)
        found += [Condition("metadata", volumes.item(key, value)) for key, value in items.items()]
    if owner and request.actor.is_admin:
        found.append(Condition("project_id", owner))
    if not v.asked_flag(request, "consumes_quota", default=True):
        found.append(Condition("id", ""))
    return found


async def index(request: Request) -> Response:
    """List snapshots in short."""
    return await _page(request, views.brief, "/snapshots")


async def detail(request: Request) -> Response:
    """List snapshots."""
    return await _page(request, views.whole, "/snapshots/detail")


async def show(request: Request, snapshot_id: str) -> Response:
    """Show one."""
    return ok({"snapshot": views.whole(await snapshots.get(request.tx, request.actor, snapshot_id))})


async def update(request: Request, snapshot_id: str, body: VolumeChanges) -> Response:
    """Change name and description."""
    changes = body.changes(request.version)
    if not changes or "metadata" in changes:
        raise Invalid("Invalid input: one of name, description, display_name, display_description is required, and nothing else.")
    return ok({"snapshot": views.plain(await snapshots.update(request.tx, request.actor, snapshot_id, changes))})


async def delete(request: Request, snapshot_id: str) -> Response:
    """Begin to delete one."""
    await snapshots.delete(request.tx, request.actor, snapshot_id)
    return accepted()


async def force_delete(request: Request, snapshot_id: str) -> Response:
    """Delete one in whatever state."""
    await snapshots.delete(request.tx, request.actor, snapshot_id, force=True)
    return accepted()


async def reset_status(request: Request, snapshot_id: str, body: SnapshotStatus) -> Response:
    """An administrator's word on its state."""
    await snapshots.set_status(request.tx, request.actor, snapshot_id, body.status.lower())
    return accepted()


async def update_status(request: Request, snapshot_id: str, body: Progress) -> Response:
    """Whoever helps to make or delete it tells how that ended."""
    await snapshots.set_status(request.tx, request.actor, snapshot_id, body.status, BY_WORD)
    return accepted()
