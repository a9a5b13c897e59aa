"""Tasks. https://docs.openstack.org/api-ref/image/v2/#tasks"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from ...kernel.errors import Invalid
from ...kernel.http import Filter, Paging, Request, Response, created, ok
from ...kernel.http.paging import next_page
from ..model import IMPORT, TASK_SORTS, TASK_STATUSES, TASK_TYPES
from ..operations import tasks
from . import bodies, views
from .access import permit_new

_PATH = "/v2/tasks"
PAGING = Paging(
    filters={"type": Filter("type"), "status": Filter("status")},
    sorts={name: name for name in TASK_SORTS},
    always_limit=True,
    descending=True,
)


async def index(request: Request) -> Response:
    """List tasks. `next` is there while there may be more."""
    _check_filter(request, "status", TASK_STATUSES)
    _check_filter(request, "type", TASK_TYPES)
    page = PAGING.page(request)
    found = await tasks.page(request.tx, request.actor, page)
    kept = {name: values for name, values in request.query.items() if name != "marker"}
    first = f"{_PATH}?{urlencode(kept, doseq=True)}" if kept else _PATH
    view: dict[str, Any] = {"tasks": [views.task_stub(task) for task in found], "first": first, "schema": "/v2/schemas/tasks"}
    if found and len(found) == page.limit:
        view["next"] = next_page(request, _PATH, found[-1].id)
    return ok(view)


def _check_filter(request: Request, name: str, choices: tuple[str, ...]) -> None:
    value = request.asked(name)
    if value is not None and value not in choices:
        raise Invalid(f"Invalid {name} value: {value}")


async def show(request: Request, task_id: str) -> Response:
    """Show a task."""
    return ok(views.whole_task(await tasks.get(request.tx, request.actor, task_id)))


async def create(request: Request, body: dict[str, Any]) -> Response:
    """Make an image and import it: the old way."""
    if body.get("type") != IMPORT:
        raise Invalid(f"A task of type {body.get('type')!r} cannot be made; '{IMPORT}' can.")
    said = body.get("input")
    if not isinstance(said, dict) or not isinstance(said.get("image_properties"), dict):
        raise Invalid("A task needs an 'input' with 'import_from', 'import_from_format' and 'image_properties'.")
    new = bodies.new_image(said["image_properties"])
    permit_new(request, new)
    task = await tasks.create_import(request.tx, request.parts, request.actor, new, said)
    return created(views.whole_task(task), location=request.url(f"{_PATH}/{task.id}"))
