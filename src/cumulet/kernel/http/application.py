"""The server: every service behind one ASGI callable."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ..audit import Later
from ..db import Database
from ..errors import MethodNotAllowed, NotFound, Problem, Unavailable
from ..policy import Actor, Policy
from .cors import Cors
from .request import Request
from .responses import Fault
from .routes import PUBLIC, Endpoint, Route
from .routing import FRONT, Mounted, router
from .serving import IN_URL, Surroundings, answer_problem, head, negotiate, new_request_id, serve
from .versioned import Versions

_ROOT = re.compile(r"^/[a-z]+(/v[0-9.]+)?/$")
"""Where a slash at the end means nothing: the version documents. Behind a collection it is an empty id, and nothing has that."""

_PROJECT = re.compile(r"^/([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?=/|$)")


class Service(Struct, frozen=True):
    """One service on the wire.

    `mount` is where its paths begin (`/compute`). `fault` writes a problem in its envelope. `project_prefix` is the path after
    which a project id may stand (`/v2.1`): it is checked against the token and left out. `id_header` repeats the request id under
    the service's own name. `ignores_slash` is for services where a slash at the end of a path means nothing.
    `holds` is a name that every write transaction holds (`tx.hold`): for services whose writes are few, depend on much that was
    read before, and are better made one at a time. With `audits` every successful write is an event of the audit log.
    With `only_routes` neither HEAD nor OPTIONS is answered, as some of upstream's services do not.
    """

    name: str
    mount: str
    routes: Sequence[Route]
    fault: Callable[[Problem, Request], Fault]
    versions: Versions | None = None
    project_prefix: str | None = None
    id_header: str | None = None
    parts: Any = None
    ignores_slash: bool = False
    holds: str | None = None
    audits: bool = False
    only_routes: bool = False


Authenticate = Callable[[str, Request], Awaitable[Actor]]
Policies = Mapping[str, Policy]
"""The rules of each service, by its name: two services may use one name for different rules."""


class Application:
    """All services behind one ASGI callable: `routing` finds the endpoint, `serving.serve` answers."""

    cors = Cors(())
    """Which web pages may call the API; replaced where the program is put together."""

    def __init__(
        self, services: Sequence[Service], db: Database, policies: Policies, authenticate: Authenticate, identity_url: str
    ) -> None:
        self.services = services
        self._surroundings = Surroundings(db, policies, authenticate, identity_url)
        self._by_name = {service.name: service for service in services}
        for service in services:
            self._check_policies(service)
        self._router = router(
            tuple(Mounted(service.name, service.mount, tuple(service.routes), service.only_routes) for service in services)
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI entry: a project id in the path is taken out before routing."""
        origin = self.cors.origin(scope)
        if self.cors.is_preflight(scope):
            return await self.cors.answer(scope, origin, send)
        if origin is not None:
            send = self.cors.permitting(origin, send)
        if scope["type"] == "http":
            if not scope["query_string"].isascii():  # Falcon reads it as UTF-8, and octets are whatever a client sends
                scope["query_string"] = quote(scope["query_string"], safe=IN_URL).encode()
            self._take_project_out(scope)
            if scope["path"].endswith("/") and (_ROOT.match(scope["path"]) or self._ignores_slash(scope["path"])):
                scope["path"] = scope["path"][:-1]
            receive = _noting_disconnect(scope, receive)
            scope[FRONT] = self
        await self._router(scope, receive, send)

    def _ignores_slash(self, path: str) -> bool:
        service = self._service_of(path)
        return service is not None and service.ignores_slash

    def _take_project_out(self, scope: dict[str, Any]) -> None:
        path = scope["path"]
        for service in self.services:
            if service.project_prefix and path.startswith(service.mount + service.project_prefix + "/"):
                start = len(service.mount + service.project_prefix)
                found = _PROJECT.match(path[start:])
                if found:
                    scope["path"] = path[:start] + (path[start + found.end() :] or "/")
                    scope["cumulet.project"] = found.group(1)
                return

    def audit(self, later: Later) -> None:
        """From now on write the events of routes that have one, with `later`'s batches."""
        self._surroundings = msgspec.structs.replace(self._surroundings, later=later)

    def _check_policies(self, service: Service) -> None:
        for route in service.routes:
            if route.policy not in self._surroundings.policies[service.name].texts and route.policy != PUBLIC:
                raise LookupError(f"{route.method} {route.path}: there is no policy rule {route.policy!r}")

    async def answer(self, service: str, endpoints: list[Endpoint], raw: Any, out: Any, params: dict[str, str]) -> None:
        """Answer a request: `raw` and `out` are Falcon's request and response."""
        await serve(self._by_name[service], endpoints, self._surroundings, raw, out, params)

    async def answer_falcon(self, request: Any, response: Any, problem: Any, params: Any) -> None:
        """Answer a request for which Falcon found nothing."""
        service = self._service_of(request.path)
        if service is None:
            response.status, response.content_type = problem.status, "application/json"
            response.media = {"error": {"code": problem.status_code, "message": problem.title}}
            return
        seen = Request(request, new_request_id(), service.mount, self._surroundings.policies[service.name], service.parts)
        with contextlib.suppress(Problem):
            negotiate(service, seen)
        kind: type[Problem] = {404: NotFound, 405: MethodNotAllowed}.get(problem.status_code, Unavailable)
        answer_problem(service, seen, kind("The resource could not be found." if kind is NotFound else problem.title), response)
        response.set_headers(problem.headers or {})
        if service.only_routes and "Allow" in (problem.headers or {}):
            offered = [name for name in problem.headers["Allow"].split(", ") if name != "OPTIONS"]
            response.set_header("Allow", ", ".join(offered))
        head(service, seen, response)

    def _service_of(self, path: str) -> Service | None:
        return next((s for s in self.services if path == s.mount or path.startswith(s.mount + "/")), None)


def _noting_disconnect(scope: dict[str, Any], receive: Any) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Falcon ends a body alike whether it is complete or the client went away: note the latter for `Request.stream`."""

    async def noting() -> dict[str, Any]:
        event: dict[str, Any] = await receive()
        if event["type"] == "http.disconnect":
            scope["cumulet.disconnected"] = True
        return event

    return noting
