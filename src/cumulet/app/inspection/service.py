"""The operators' API on the wire, under `/operator`."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

from ...compute.operations.explain import audit as auditing
from ...compute.operations.explain import hosts as host_explaining
from ...compute.operations.explain import servers as server_explaining
from ...contract.agents import Agents
from ...image.parts import Parts as ImageParts
from ...kernel import errors
from ...kernel.clock import seconds
from ...kernel.db import Database
from ...kernel.errors import Invalid
from ...kernel.http import Fault, Request, Response, Route, Service, created, no_content, ok
from ...placement.operations.ledger import grants, past
from . import images, stock

RULES: dict[str, str] = dict.fromkeys(
    ("operator:explain", "operator:overcommit", "operator:mend", "operator:readmit", "operator:quarantine"), "role:admin"
)

_STATUS: dict[type[errors.Problem], int] = {
    errors.Invalid: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.Conflict: 409,
    errors.NoCapacity: 409,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Unavailable: 503,
}


class Parts(Struct, frozen=True):
    """What the handlers need beside the transaction."""

    db: Database
    agents: Agents
    images: ImageParts
    refused: stock.Refused

    @property
    def hosts(self) -> stock.Hosts:
        """The hosts, and how to speak to them."""
        return stock.Hosts(self.db, self.agents, self.refused)


class NewGrant(Struct, frozen=True, forbid_unknown_fields=True):
    """Leave to overcommit one resource class of a host until a stamp (UTC, ISO 8601), for a reason."""

    ratio: float
    until: str
    reason: str
    resource_class: str = "MEMORY_MB"


class Readmission(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a host may accept a database that is older than it is."""

    reason: str


async def explain_host(request: Request, host: str) -> Response:
    """Every byte of a host, by name or id."""
    parts: Parts = request.parts
    return ok(await host_explaining.explain(parts.db, parts.agents, host))


async def explain_server(request: Request, server: str) -> Response:
    """Why a server is where it is, by name or id."""
    return ok(await server_explaining.explain(request.tx, server))


async def show_history(request: Request, host: str) -> Response:
    """The last changes of a host's claims and inventory, newest first."""
    found = await host_explaining.find(request.tx, host)
    limit = min(max(int(_number("limit", request.asked("limit") or "100")), 0), past.MANY)
    return ok({"history": await past.of_host(request.tx, found.id, limit)})


async def show_audit(request: Request) -> Response:
    """A recount; options such as `memory_reserved=40960` are tried out, not set."""
    what_if = {name: _number(name, request.asked(name)) for name in request.query}
    return ok(await auditing.audit(request.tx, what_if))


def _number(name: str, text: str | None) -> float:
    try:
        found = float(text or "")
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Invalid(f"{name} must be a number, not {text!r}.")
    return found


async def recount(request: Request, project: str) -> Response:
    """Charge a project what its servers use."""
    return ok({"usage": await auditing.recount(request.tx, project)})


async def list_grants(request: Request) -> Response:
    """Every grant that was ever given, with whether it is in force."""
    found = await grants.everyone(request.tx)
    return ok({"grants": [_shown(grant, request.tx.stamp) for grant in found]})


async def give(request: Request, host: str, body: NewGrant) -> Response:
    """Let a host be overcommitted for a while."""
    found = await host_explaining.find(request.tx, host)
    try:
        lasts = seconds(body.until) - request.tx.now
    except ValueError:
        raise Invalid(f"until must be a time such as 2030-01-31T12:00:00, not {body.until!r}.") from None
    said = (body.reason, request.actor.user_id)
    made = await grants.give(request.tx, found.id, body.resource_class, (body.ratio, lasts), said)
    return created(_shown(made, request.tx.stamp))


async def revoke(request: Request, grant: str) -> Response:
    """End a grant now."""
    return ok(_shown(await grants.revoke(request.tx, grant, request.actor.user_id), request.tx.stamp))


async def check_hosts(request: Request) -> Response:
    """Every host compared with the database, and those that refuse it."""
    return ok({"hosts": await request.parts.hosts.check()})


async def readmit(request: Request, host: str, body: Readmission) -> Response:
    """Let a host accept a database that is older than it is."""
    if not body.reason.strip():
        raise Invalid("reason must say why the host is to accept this database.")
    return ok({"epochs": await request.parts.hosts.readmit(host, body.reason, request.actor)})


async def set_aside(request: Request, host: str) -> Response:
    """Quarantine the disks on a host that nobody knows, and hold them there."""
    return ok({"set_aside": await request.parts.hosts.set_aside(host, request.actor)})


async def list_quarantine(request: Request) -> Response:
    """Every disk in quarantine."""
    found = await request.parts.hosts.quarantine()
    return ok({"quarantine": [{"host_id": host, **_fields(one)} for host, objects in found.items() for one in objects]})


def _fields(one: Struct) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__ if name != "path"}


async def release(request: Request, host: str, object_id: str) -> Response:
    """Put a disk back from quarantine."""
    await request.parts.hosts.release(host, object_id, request.actor)
    return no_content()


async def purge(request: Request, host: str, object_id: str) -> Response:
    """Remove a disk from quarantine for good."""
    await request.parts.hosts.purge(host, object_id, request.actor)
    return no_content()


def _shown(grant: grants.Grant, stamp: str) -> dict[str, Any]:
    return {**{name: getattr(grant, name) for name in grant.__struct_fields__}, "in_force": grant.in_force(stamp)}


ROUTES = [
    Route("GET", "/v1/hosts/{host}", explain_host, "operator:explain", tx="none"),
    Route("GET", "/v1/hosts/{host}/history", show_history, "operator:explain"),
    Route("POST", "/v1/hosts/{host}/grants", give, "operator:overcommit"),
    Route("GET", "/v1/servers/{server}", explain_server, "operator:explain"),
    Route("GET", "/v1/grants", list_grants, "operator:explain"),
    Route("DELETE", "/v1/grants/{grant}", revoke, "operator:overcommit"),
    Route("GET", "/v1/audit", show_audit, "operator:explain"),
    Route("POST", "/v1/projects/{project}/recount", recount, "operator:mend"),
    Route("GET", "/v1/host-checks", check_hosts, "operator:explain", tx="none"),
    Route("POST", "/v1/host-checks/{host}/readmit", readmit, "operator:readmit", tx="none"),
    Route("POST", "/v1/host-checks/{host}/set-aside", set_aside, "operator:quarantine", tx="none"),
    Route("GET", "/v1/quarantine", list_quarantine, "operator:quarantine", tx="none"),
    Route("POST", "/v1/quarantine/{host}/{object_id}/release", release, "operator:quarantine", tx="none"),
    Route("DELETE", "/v1/quarantine/{host}/{object_id}", purge, "operator:quarantine", tx="none"),
]


def fault(problem: errors.Problem, request: Request) -> Fault:
    """`{"error": {"code": 404, "message": "…"}}`."""
    status = _STATUS.get(type(problem), 500)
    return Fault(status, {"error": {"code": status, "message": problem.message}})


def service(parts: Parts) -> Service:
    """Ready to be mounted."""
    return Service("operator", "/operator", [*ROUTES, *images.ROUTES], fault, parts=parts)
