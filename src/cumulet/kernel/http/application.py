"""The server: every service's routes in one compiled router."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import falcon
import falcon.asgi
from msgspec import Struct

from ..db import Database
from ..errors import MethodNotAllowed, NotFound, Problem, Unavailable
from ..policy import Actor, Policy
from .cors import Cors
from .request import Request
from .responses import Fault
from .routes import Endpoint, Route
from .serving import Surroundings, answer_problem, head, negotiate, new_request_id, serve
from .versioned import Versions

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ROOT = re.compile(r"^/[a-z]+(/v[0-9.]+)?/$")
"""Where a slash at the end means nothing: the version documents. Behind a collection it is an empty id, and nothing has that."""

_PROJECT = re.compile(r"^/([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?=/|$)")


class Service(Struct, frozen=True):
    """One service on the wire.

    `mount` is where its paths begin (`/compute`). `fault` writes a problem in its envelope. `project_prefix` is the path after
    which a project id may stand (`/v2.1`): it is checked against the token and left out. `id_header` repeats the request id under
    the service's own name. `ignores_slash` is for services where a slash at the end of a path means nothing.
    `holds` is a name that every write transaction holds (`tx.hold`): for services whose writes are few, depend on much that was
    read before, and are better made one at a time.
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


Authenticate = Callable[[str, Request], Awaitable[Actor]]
Policies = Mapping[str, Policy]
"""The rules of each service, by its name: two services may use one name for different rules."""


class Application:
    """All services behind one ASGI callable: `falcon` routes, `serving.serve` answers."""

    cors = Cors(())
    """Which web pages may call the API; replaced where the program is put together."""

    def __init__(
        self, services: Sequence[Service], db: Database, policies: Policies, authenticate: Authenticate, identity_url: str
    ) -> None:
        self.services = services
        self._surroundings = Surroundings(db, policies, authenticate, identity_url)
        self._falcon = falcon.asgi.App()
        self._falcon.resp_options.default_media_type = None  # type: ignore[assignment]  # what has no body has no type
        self._falcon.add_error_handler(falcon.HTTPError, self._answer_falcon)
        for service in services:
            self._mount(service)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI entry: a project id in the path is taken out before routing."""
        origin = self.cors.origin(scope)
        if origin is not None:
            if self.cors.is_preflight(scope):
                return await self.cors.answer(scope, origin, send)
            send = self.cors.permitting(origin, send)
        if scope["type"] == "http":
            self._take_project_out(scope)
            if scope["path"].endswith("/") and (_ROOT.match(scope["path"]) or self._ignores_slash(scope["path"])):
                scope["path"] = scope["path"][:-1]
            receive = _noting_disconnect(scope, receive)
        await self._falcon(scope, receive, send)

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

    def _mount(self, service: Service) -> None:
        by_path: dict[str, dict[str, list[Endpoint]]] = defaultdict(lambda: defaultdict(list))
        for route in service.routes:
            if route.policy not in self._surroundings.policies[service.name].texts and route.policy != "public":
                raise LookupError(f"{route.method} {route.path}: there is no policy rule {route.policy!r}")
            by_path[route.path][route.method].append(Endpoint(route))
        for path, methods in by_path.items():
            self._falcon.add_route((service.mount + path).rstrip("/") or "/", _Resource(service, methods, self._surroundings))

    async def _answer_falcon(self, request: Any, response: Any, problem: Any, params: Any) -> None:
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


class _Resource:
    """Falcon's view of one path: a responder per method."""

    def __init__(self, service: Service, methods: dict[str, list[Endpoint]], surroundings: Surroundings) -> None:
        if "GET" in methods and "HEAD" not in methods:
            methods["HEAD"] = methods["GET"]
        for method, endpoints in methods.items():
            setattr(self, f"on_{method.lower()}", self._responder(service, endpoints, surroundings))

    def _responder(self, service: Service, endpoints: list[Endpoint], surroundings: Surroundings) -> Callable[..., Awaitable[None]]:
        async def respond(request: Any, response: Any, **params: str) -> None:
            await serve(service, endpoints, surroundings, request, response, params)

        return respond
