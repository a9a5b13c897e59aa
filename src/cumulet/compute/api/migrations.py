"""Moves of servers between hosts. https://docs.openstack.org/api-ref/compute/#migrations-os-migrations

Nothing moves servers yet, so there are none.
"""

from __future__ import annotations

from ...kernel.errors import Invalid
from ...kernel.http import Paging, Request, Response, Version, ok
from ..rules import texts
from . import queries

POLICY = "os_compute_api:os-migrations:"
PAGED, BEFORE, OWNERS = Version(2, 59), Version(2, 66), Version(2, 80)
_FILTERS = ("hidden", "host", "instance_uuid", "source_compute", "status", "migration_type")


async def index(request: Request) -> Response:
    """The moves that a project's servers have made; of all projects', for administrators."""
    version = request.version or OWNERS
    if version >= PAGED:
        more = ("limit", "marker", "changes-since", *(("changes-before",) if version >= BEFORE else ()))
        queries.only(request, *_FILTERS, *more, *(("user_id", "project_id") if version >= OWNERS else ()), since=PAGED)
        marker = Paging({}, {}, always_limit=True).page(request).marker
        if marker is not None:
            raise Invalid(f"Marker {marker} could not be found.")
        for name in ("changes-since", "changes-before"):
            if request.asked(name):
                texts.instant(name, request.asked(name) or "")
    if request.asked("project_id") != request.actor.project_id:
        request.authorize(f"{POLICY}index:all_projects")
    return ok({"migrations": []})
