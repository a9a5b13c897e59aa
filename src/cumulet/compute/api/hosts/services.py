"""The services of hosts. https://docs.openstack.org/api-ref/compute/#compute-services-os-services"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Lives, Request, Response, Version, no_content, ok
from ....kernel.ids import is_uuid
from ...operations import hosts
from ...operations.hosts import Known
from .. import queries
from .. import values as v

COMPUTE = "nova-compute"
"""The only kind of service: the rest of the control plane is one process, whose health is not a matter of this API."""
UUIDS = Version(2, 53)

Hostname = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9-._]*$")]


class ServiceAction(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which service, and what about it; for old versions, that have the action in the path."""

    host: Hostname
    binary: v.Text255
    disabled_reason: v.Text255 | None = None
    forced_down: Annotated[v.Flag | None, Lives("2.11")] = None


class ServiceChanges(Struct, kw_only=True, forbid_unknown_fields=True):
    """What changes of a service."""

    status: Literal["enabled", "disabled"] | None = None
    disabled_reason: v.Text255 | None = None
    forced_down: v.Flag | None = None

    def check(self) -> None:
        """Raise Invalid."""
        if self.status == "enabled" and self.disabled_reason:
            raise Invalid("Specifying 'disabled_reason' with status 'enabled' is invalid.")
        if self.status is None and self.forced_down is None:
            raise Invalid("No updates were requested. Fields 'status' or 'forced_down' should be specified.")


class ServiceView(Struct, kw_only=True):
    """A service."""

    id: int | str
    binary: str
    host: str
    zone: str
    status: str
    state: str
    updated_at: str
    disabled_reason: str | None
    forced_down: Annotated[bool, Lives("2.11")]


def _by_uuid(request: Request) -> bool:
    return (request.version or UUIDS) >= UUIDS


def _view(request: Request, known: Known) -> ServiceView:
    return ServiceView(
        id=known.service.id if _by_uuid(request) else known.service.sequence,
        binary=COMPUTE,
        host=known.host.hostname,
        zone=known.host.zone,
        status="enabled" if known.host.enabled else "disabled",
        state="up" if known.up(request.tx.now) else "down",
        updated_at=known.heard_at,
        disabled_reason=known.host.disabled_reason,
        forced_down=known.service.forced_down,
    )


async def index(request: Request) -> Response:
    """Services, of one host or of one kind if asked."""
    queries.only(request, "host", "binary")
    host, binary = request.asked("host"), request.asked("binary")
    found = await hosts.index(request.tx) if binary in (None, "", COMPUTE) else []
    return ok({"services": [_view(request, known) for known in found if host in (None, "", known.host.hostname)]})


async def act(request: Request, service_id: str, body: ServiceAction) -> Response:
    """Enable or disable a service, or force it down."""
    act_, forces = _ACTIONS.get(service_id), (request.version or UUIDS) >= Version(2, 11)
    if act_ is None or (service_id == "force-down" and not forces):
        raise NotFound("Unknown action")
    if body.binary != COMPUTE:
        raise Invalid(f"Updating a {body.binary} service is not supported. Only {COMPUTE} services can be updated.")
    known = await hosts.named(request.tx, body.host)
    told = await act_(request, known, body)
    return ok({"service": {"host": body.host, "binary": body.binary, **told}})


async def _enable(request: Request, known: Known, body: ServiceAction) -> dict[str, Any]:
    await hosts.set_enabled(request.tx, known, True, None)
    return {"status": "enabled"}


async def _disable(request: Request, known: Known, body: ServiceAction) -> dict[str, Any]:
    await hosts.set_enabled(request.tx, known, False, None)
    return {"status": "disabled"}


async def _disable_because(request: Request, known: Known, body: ServiceAction) -> dict[str, Any]:
    if body.disabled_reason is None:
        raise Invalid("Missing disabled reason field")
    await hosts.set_enabled(request.tx, known, False, body.disabled_reason)
    return {"status": "disabled", "disabled_reason": body.disabled_reason}


async def _force_down(request: Request, known: Known, body: ServiceAction) -> dict[str, Any]:
    if body.forced_down is None:
        raise Invalid("Missing forced_down field")
    down = v.flag("forced_down", body.forced_down)
    await hosts.force_down(request.tx, known, down)
    return {"forced_down": down}


_ACTIONS = {"enable": _enable, "disable": _disable, "disable-log-reason": _disable_because, "force-down": _force_down}


async def _get(request: Request, service_id: str) -> Known:
    """The service that the path names. Raises Invalid, NotFound."""
    if _by_uuid(request):
        if not is_uuid(service_id):
            raise Invalid(f"Invalid uuid {service_id}")
    else:
        v.count("id", service_id)
    found = next((k for k in await hosts.index(request.tx) if service_id in (k.service.id, str(k.service.sequence))), None)
    if found is None:
        raise NotFound(f"Service {service_id} not found.")
    return found


async def update(request: Request, service_id: str, body: ServiceChanges) -> Response:
    """Enable or disable a service, force it down, or both."""
    known = await _get(request, service_id)
    body.check()
    if body.status is not None:
        await hosts.set_enabled(request.tx, known, body.status == "enabled", body.disabled_reason)
    if body.forced_down is not None:
        await hosts.force_down(request.tx, known, v.flag("forced_down", body.forced_down))
    return ok({"service": _view(request, await _get(request, service_id))})


async def delete(request: Request, service_id: str) -> Response:
    """Remove a service, and with it its host."""
    await hosts.remove(request.tx, await _get(request, service_id))
    return no_content()
