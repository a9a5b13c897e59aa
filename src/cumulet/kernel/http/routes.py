"""Routes as data: a service's whole API on one screen."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from .request import Request
from .responses import Response
from .versioned import NEWEST, Version

Handler = Callable[..., Awaitable[Response]]
Prepare = Callable[..., Awaitable[Any]]
Target = Callable[[Request], Awaitable[Mapping[str, Any]]]

PUBLIC = "public"
"""The policy of a route which needs no token."""


class Route(Struct, frozen=True):
    """A method and path, who handles it, and which policy rule guards it.

    `{name}` parts of the path are passed to the handler by name. A handler's parameter `body`, annotated with a Struct, is the
    decoded body; `wrap` names the key that the body is under on the wire. `tx` is the transaction the handler gets: by default
    reads for GET, a write transaction for the rest; `none` for handlers that stream or that manage their own. `limit` is the
    largest body in bytes. A rule that looks at the resource itself needs its attributes: `target` reads them in the request's
    transaction, and the rule is asked then. `prepare` is for what takes long and needs no transaction, which others wait for: it is
    called like the handler, before, once the rule allows the request as things stand; the handler gets what it returns as
    `request.prepared`. `event` is for handlers that have transactions of their own, or rules that do not say what is done: each
    success goes to the audit log under this name, such as `upload_image`, with the next batch.
    """

    method: str
    path: str
    handler: Handler
    policy: str
    since: str = "0.0"
    until: str | None = None
    wrap: str | None = None
    tx: Literal["auto", "read", "write", "none"] = "auto"
    limit: int = 1 << 20
    action: str | None = None
    target: Target | None = None
    prepare: Prepare | None = None
    event: str | None = None


def Action(name: str, path: str, handler: Handler, policy: str, since: str = "0.0", until: str | None = None) -> Route:
    """`POST path` with a body of one key, the action's name; its value is the handler's `body`."""
    return Route("POST", path, handler, policy, since, until, wrap=name, action=name)


class Endpoint:
    """What the server needs to know about a route, worked out once."""

    __slots__ = ("action", "body", "limit", "parameters", "policy", "route", "since", "tx", "until")

    def __init__(self, route: Route) -> None:
        self.route = route
        self.policy = route.policy
        self.action = route.action
        self.limit = route.limit
        self.since = Version.parse(route.since)
        self.until = Version.parse(route.until) if route.until else NEWEST
        self.tx = route.tx if route.tx != "auto" else ("read" if route.method in ("GET", "HEAD") else "write")
        if route.target is not None and self.tx == "none":
            raise ValueError(f"{route.method} {route.path}: a target can only be read in a transaction")
        hints = typing.get_type_hints(route.handler, include_extras=True)
        self.parameters = frozenset(inspect.signature(route.handler).parameters)
        self.body: Any = self._body_type(hints.get("body"))

    def _body_type(self, kind: Any) -> Any:
        if kind is None or self.route.wrap is None:
            return kind
        field = ("wrapped", kind, msgspec.field(name=self.route.wrap))
        return msgspec.defstruct("Body", [field])

    def lives_at(self, version: Version | None) -> bool:
        """Whether the route exists at this microversion."""
        return version is None or self.since <= version <= self.until
