"""From a path to the endpoints behind it: Falcon's router, compiled once for a set of routes.

Routes are data, and so is the router: it knows no database and no rules. Whoever asks it puts a `Front` into the request's scope.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Protocol

import falcon
import falcon.asgi
from msgspec import Struct

from .routes import Endpoint, Route

FRONT = "cumulet.front"
"""Where a request's scope has its Front."""


class Front(Protocol):
    """What answers, once it is known which endpoints were meant."""

    async def answer(self, service: str, endpoints: list[Endpoint], raw: Any, out: Any, params: dict[str, str]) -> None:
        """Answer a request: `raw` and `out` are Falcon's request and response."""
        ...

    async def answer_falcon(self, raw: Any, out: Any, problem: Any, params: Any) -> None:
        """Answer a request for which Falcon found nothing."""
        ...


class Mounted(Struct, frozen=True):
    """A service's routes and where its paths begin."""

    service: str
    mount: str
    routes: tuple[Route, ...]
    only_routes: bool = False


@lru_cache(maxsize=16)
def router(services: tuple[Mounted, ...]) -> falcon.asgi.App[Any, Any]:
    """The ASGI callable which finds the endpoints of a request. Making one for every service takes a tenth of a second."""
    made = falcon.asgi.App()
    made.resp_options.default_media_type = None  # type: ignore[assignment]  # what has no body has no type
    made.add_error_handler(falcon.HTTPError, _not_found)
    for service in services:
        by_path: dict[str, dict[str, list[Endpoint]]] = defaultdict(lambda: defaultdict(list))
        for route in service.routes:
            by_path[route.path][route.method].append(Endpoint(route))
        for path, methods in by_path.items():
            made.add_route((service.mount + path).rstrip("/") or "/", _Resource(service.service, methods, service.only_routes))
    return made


async def _not_found(raw: Any, out: Any, problem: Any, params: Any) -> None:
    front: Front = raw.scope[FRONT]
    await front.answer_falcon(raw, out, problem, params)


class _Resource:
    """Falcon's view of one path: a responder per method."""

    def __init__(self, service: str, methods: dict[str, list[Endpoint]], only_routes: bool) -> None:
        if only_routes:
            self.on_options = _refuser([*methods])
        elif "GET" in methods and "HEAD" not in methods:
            methods["HEAD"] = methods["GET"]
        for method, endpoints in methods.items():
            setattr(self, f"on_{method.lower()}", _responder(service, endpoints))


def _refuser(methods: list[str]) -> Callable[..., Awaitable[None]]:
    async def refuse(raw: Any, out: Any, **params: str) -> None:
        raise falcon.HTTPMethodNotAllowed(methods)

    return refuse


def _responder(service: str, endpoints: list[Endpoint]) -> Callable[..., Awaitable[None]]:
    async def respond(raw: Any, out: Any, **params: str) -> None:
        front: Front = raw.scope[FRONT]
        await front.answer(service, endpoints, raw, out, params)

    return respond
