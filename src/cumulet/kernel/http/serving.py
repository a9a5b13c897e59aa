"""The one visible order of a request.

request id → negotiate the microversion → authenticate → match → policy → read the body → open the transaction → handler → commit
→ write the view at the asked version.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from .. import audit, ids
from ..audit.requests import of_request
from ..cause import acting
from ..clock import measure
from ..db import Database, Duplicate
from ..errors import Conflict, Invalid, NotFound, Problem, Unauthorized, Unavailable
from ..log import request_context
from ..policy import Actor, Policy
from . import documents
from .request import Request
from .responses import Response, Stream
from .routes import PUBLIC, Endpoint
from .versioned import Version, at_version, encode

if TYPE_CHECKING:
    from .application import Service

TRIES = 4
"""How often a transaction that lost to another one is tried in all."""

PAUSE = 0.01
"""Seconds before the second try, longer before each further one: the other transaction is to come through."""

IN_URL = "%/:=&?~#+!$,;'@()*[]"
"""What may stand in a URL as it is, beside letters and digits. A path may hold what no header can: it came quoted."""

log = logging.getLogger("cumulet.http")


class Surroundings(Struct, frozen=True):
    """What every request needs: the database, the rules, and how a token becomes an actor."""

    db: Database
    policies: Mapping[str, Policy]
    authenticate: Callable[[str, Request], Awaitable[Actor]]
    identity_url: str
    later: audit.Later | None = None


async def serve(
    service: Service, endpoints: list[Endpoint], around: Surroundings, raw: Any, out: Any, params: dict[str, str]
) -> None:
    """Answer one request: `raw` and `out` are Falcon's request and response."""
    started = measure()
    request = Request(raw, new_request_id(), service.mount, around.policies[service.name], service.parts)
    request.params = params
    with request_context(request.id, request.remote):
        try:
            negotiate(service, request)
            public = endpoints[0].policy == PUBLIC
            if not public:
                await _authenticate(around, request, request.project_in_path)
            if "\0" in request.path:
                raise NotFound("The resource could not be found.")
            endpoint = await _match(endpoints, request)
            if not public:
                _authorize(endpoint, request)
            with acting(f"{request.method} {request.path} by user {request.actor.user_id}"):
                response = await _handle(service, endpoint, around, request)
            if endpoint.route.event is not None and around.later is not None and response.status < 400:
                around.later.add(of_request(service.name, endpoint.route.event, request, response))
            _write(response, request, out)
        except Problem as problem:
            answer_problem(service, request, problem, out, around.identity_url)
        except Duplicate as problem:
            answer_problem(
                service, request, Conflict("A resource with these properties already exists.", internal=str(problem)), out
            )
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            unexpected = Problem("The server met an unexpected condition which prevented it from fulfilling the request.")
            answer_problem(service, request, unexpected, out)
        head(service, request, out)
        _log(request, out, started)


def new_request_id() -> str:
    """An id for a request: `req-` and a UUID."""
    return "req-" + ids.new_uuid()


def negotiate(service: Service, request: Request) -> None:
    """Set the request's microversion, if the service has them. Raises Invalid and NotAcceptable."""
    if service.versions is not None:
        legacy = request.header(service.versions.legacy) if service.versions.legacy else None
        request.version = service.versions.negotiate(request.header("OpenStack-API-Version"), legacy)


async def _authenticate(around: Surroundings, request: Request, project_in_path: str | None) -> None:
    token = request.header("X-Auth-Token") or _bearer(request.header("Authorization"))
    if not token:
        raise Unauthorized("The request you have made requires authentication.")
    actor = request.actor = await around.authenticate(token, request)
    if (
        project_in_path
        and not actor.is_admin
        and actor.project_id
        and project_in_path.replace("-", "") != actor.project_id.replace("-", "")
    ):
        raise Invalid(
            f"Malformed request URL: URL's project_id '{project_in_path}' doesn't match Context's project_id '{actor.project_id}'"
        )


def _bearer(header: str | None) -> str | None:
    """A token as OAuth 2.0 has it (RFC 6750)."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _match(endpoints: list[Endpoint], request: Request) -> Endpoint:
    """The route among those of this method and path; for actions, by the body's key."""
    first = endpoints[0]
    if first.tx != "none" or first.body is not None:
        request.raw = await request.read(max(e.limit for e in endpoints))
    alive = [endpoint for endpoint in endpoints if endpoint.lives_at(request.version)]
    if first.action is not None:
        return _match_action(alive, request)
    if not alive:
        raise NotFound("The resource could not be found.")
    return alive[0]


def _match_action(alive: list[Endpoint], request: Request) -> Endpoint:
    body = request.json()
    if not isinstance(body, dict) or len(body) != 1:
        raise Invalid("The body must be an object with exactly one key, the action's name.", code="action")
    name = next(iter(body))
    found = next((endpoint for endpoint in alive if endpoint.action == name), None)
    if found is None:
        raise Invalid(f"There is no such action: {name}", code="action")
    return found


def _authorize(endpoint: Endpoint, request: Request) -> None:
    actor = request.actor
    request.target = {
        "project_id": actor.project_id,
        "tenant_id": actor.project_id,
        "user_id": actor.user_id,
        "domain_id": actor.domain_id,
        **request.params,
    }
    if endpoint.policy != PUBLIC and endpoint.route.target is None:
        request.policy.enforce(endpoint.policy, actor, request.target)


async def _handle(service: Service, endpoint: Endpoint, around: Surroundings, request: Request) -> Response:
    """The handler's answer. A transaction that lost to another one is done again: nothing of it was kept or told."""
    arguments: dict[str, Any] = {name: value for name, value in request.params.items() if name in endpoint.parameters}
    if endpoint.body is not None:
        arguments["body"] = _decode(endpoint, request)
    if endpoint.tx == "none":
        return await endpoint.route.handler(request, **arguments)
    if endpoint.tx == "read":
        async with around.db.read() as reader:
            request.tx = reader  # type: ignore[assignment]  # a reader has no `do`: a GET that writes fails loudly
            return await _permitted(endpoint, request, arguments)
    if endpoint.route.prepare is not None:
        async with around.db.read() as reader:
            request.tx = reader  # type: ignore[assignment]
            await _allow(endpoint, request)
        request.prepared = await endpoint.route.prepare(request, **arguments)
    for tried in range(1, TRIES + 1):
        try:
            async with around.db.tx() as tx:
                if service.holds is not None:
                    await tx.hold(service.holds)
                request.tx = tx
                response = await _permitted(endpoint, request, arguments)
                if service.audits and endpoint.policy != PUBLIC and response.status < 400:
                    await audit.record(tx, of_request(service.name, endpoint.policy, request, response))
                return response
        except Unavailable as problem:
            if problem.code != "retry" or tried == TRIES:
                raise
            log.info("%s %s lost to another transaction, again: %s", request.method, request.path, problem.internal)
            await asyncio.sleep(PAUSE * tried)
    raise AssertionError("unreachable")


async def _permitted(endpoint: Endpoint, request: Request, arguments: dict[str, Any]) -> Response:
    """The handler's answer, once a rule that looks at the resource allows it."""
    await _allow(endpoint, request)
    return await endpoint.route.handler(request, **arguments)


async def _allow(endpoint: Endpoint, request: Request) -> None:
    if endpoint.route.target is not None:
        request.target.update(await endpoint.route.target(request))
        request.policy.enforce(endpoint.policy, request.actor, request.target)


def _decode(endpoint: Endpoint, request: Request) -> Any:
    request.require_json()
    body = documents.read(request.raw, at_version(endpoint.body, request.version))
    return body.wrapped if endpoint.route.wrap is not None else body


def _write(response: Response, request: Request, out: Any) -> None:
    out.status = response.status
    for name, value in response.headers.items():
        if name == "Set-Cookie":  # Falcon wants it so
            out.append_header(name, value)
        else:
            out.set_header(name, quote(value, safe=IN_URL) if name == "Location" else value)
    view = response.view
    if isinstance(view, Stream):
        out.content_type = view.content_type
        if view.size is not None:
            out.content_length = view.size
        if request.method != "HEAD":
            out.stream = view.pieces
    elif isinstance(view, bytes):
        out.data = view
        out.content_type = response.headers.get("Content-Type", "application/json")
    elif view is not None:
        out.data = encode(view, request.version)
        out.content_type = response.headers.get("Content-Type", "application/json")
    if request.method == "HEAD" and not isinstance(view, Stream) and out.data is not None:
        out.content_length, out.data = len(out.data), None


def answer_problem(service: Service, request: Request, problem: Problem, out: Any, identity_url: str = "") -> None:
    """Write a problem in the service's envelope; the log gets what the user must not see."""
    fault = service.fault(problem, request)
    level = logging.ERROR if fault.status >= 500 else logging.INFO
    log.log(level, "%s %s: %s %s", request.method, request.path, problem.message, problem.internal)
    out.status = fault.status
    plain = isinstance(fault.body, str)
    out.data = fault.body.encode() if plain else msgspec.json.encode(fault.body)
    out.content_type = "text/plain; charset=UTF-8" if plain else "application/json"
    for name, value in fault.headers.items():
        out.set_header(name, value)
    if isinstance(problem, Unauthorized):
        out.set_header("WWW-Authenticate", f'Keystone uri="{identity_url}"')


def head(service: Service, request: Request, out: Any) -> None:
    """The headers that every answer has."""
    out.set_header("x-openstack-request-id", request.id)
    if service.id_header:
        out.set_header(service.id_header, request.id)
    if service.versions is not None:
        version = request.version or service.versions.lowest
        out.set_header("OpenStack-API-Version", f"{service.versions.service} {version}")
        vary = service.versions.vary
        if service.versions.legacy:
            out.set_header(service.versions.legacy, str(version))
            vary += f", {service.versions.legacy}"
        out.set_header("Vary", vary)


def _log(request: Request, out: Any, started: float) -> None:
    if log.isEnabledFor(logging.INFO):
        took = (measure() - started) * 1000
        actor = request.actor
        log.info(
            '%s "%s %s" %s %.1f ms user=%s project=%s',
            request.remote,
            request.method,
            request.path,
            out.status,
            took,
            actor.user_id,
            actor.project_id,
        )


__all__ = ["Surroundings", "Version", "answer_problem", "head", "negotiate", "new_request_id", "serve"]
