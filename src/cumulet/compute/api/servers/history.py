"""What was done to a server. https://docs.openstack.org/api-ref/compute/#servers-actions-servers-os-instance-actions"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from ....kernel.errors import Invalid
from ....kernel.http import Filter, Lives, Paging, Request, Response, Version, ok
from ...model import Action, Server
from ...operations.servers import history, reading
from ...rules import names, texts
from .. import links

ACTIONS = "os_compute_api:os-instance-actions:"
SEES_DELETED = Version(2, 21)
PAGED = Version(2, 58)
EVENTS_FOR_ALL = Version(2, 51)


def _instant(text: str) -> str:
    return texts.instant("date", text)


_FILTERS = {
    "changes-since": Filter("updated_at", "gte", read=_instant),
    "changes-before": Filter("updated_at", "lte", read=_instant),
}
PAGING = Paging(_FILTERS, {}, always_limit=True)


class EventView(Struct):
    """One event of an action."""

    event: str
    start_time: str
    finish_time: str | None
    result: str | None
    traceback: str | UnsetType | None = UNSET
    host: Annotated[str | UnsetType | None, Lives("2.62")] = UNSET
    hostId: Annotated[str, Lives("2.62")] = ""
    details: Annotated[str | UnsetType | None, Lives("2.84")] = UNSET


class ActionView(Struct):
    """An action."""

    action: str
    instance_uuid: str
    request_id: str
    user_id: str
    project_id: str
    start_time: str
    message: str | None
    updated_at: Annotated[str, Lives("2.58")]
    events: list[EventView] | UnsetType = UNSET


def _view(action: Action) -> ActionView:
    return ActionView(
        action=action.action,
        instance_uuid=action.server_id,
        request_id=action.request_id,
        user_id=action.user_id,
        project_id=action.project_id,
        start_time=action.started_at,
        message=action.message,
        updated_at=action.updated_at,
    )


def _event(event: dict[str, Any], server: Server, sees: tuple[bool, bool]) -> EventView:
    everything, details = sees
    return EventView(
        event=event["event"],
        start_time=event["start_time"],
        finish_time=event["finish_time"],
        result=event["result"],
        traceback=event["traceback"] if everything else UNSET,
        host=event["host"] if everything else UNSET,
        hostId=names.host_hash(server.project_id, event["host"]),
        details=event["details"] if details else UNSET,
    )


async def _server(request: Request, server_id: str) -> Server:
    if (request.version or PAGED) < SEES_DELETED:
        return await reading.get(request.tx, request.actor, server_id)
    return await reading.get_even_deleted(request.tx, request.actor, server_id)


async def index(request: Request, server_id: str) -> Response:
    """What was done, the newest first."""
    server = await _server(request, server_id)
    paged = (request.version or PAGED) >= PAGED
    page = PAGING.page(request) if paged else Paging({}, {}).page(_Unasked())  # type: ignore[arg-type]
    _check_period(request)
    found = await history.page(request.tx, server, page)
    shown: dict[str, Any] = {"instanceActions": [_view(action) for action in found]}
    path = f"/v2.1/servers/{server_id}/os-instance-actions"
    more = links.following(request, path, [a.request_id for a in found], page.limit) if paged else []
    return ok({**shown, "links": more} if more else shown)


class _Unasked(Struct):
    """A request without a query: what older versions ignore."""

    query: dict[str, list[str]] = {}

    def asked(self, name: str) -> None:
        """Nothing."""


def _check_period(request: Request) -> None:
    since, before = request.asked("changes-since"), request.asked("changes-before")
    if since and before and _instant(since) > _instant(before):
        raise Invalid("The value of changes-since must be less than or equal to changes-before.")


async def show(request: Request, server_id: str, request_id: str) -> Response:
    """What one request did, with its events."""
    server = await _server(request, server_id)
    action = await history.get(request.tx, server, request_id)
    view = _view(action)
    everything = request.allows(ACTIONS + "events")
    if everything or (request.version or PAGED) >= EVENTS_FOR_ALL:
        sees = (everything, request.allows(ACTIONS + "events:details"))
        view.events = [_event(event, server, sees) for event in action.events]
    return ok({"instanceAction": view})
