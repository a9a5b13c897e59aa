"""A request, as handlers see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from ..db import Reader, Tx
from ..errors import Invalid, TooLarge, UnsupportedMedia
from ..policy import Actor, Policy
from . import documents
from .versioned import Version
from .words import flag


class Request:
    """One request: who asks (`actor`), in which transaction (`tx`), at which microversion.

    `parts` is what the composition root gave this service (a store, the agents, …). `raw` holds the body's bytes once it is read.
    """

    __slots__ = (
        "_falcon",
        "_query",
        "actor",
        "id",
        "mount",
        "params",
        "parts",
        "policy",
        "prepared",
        "raw",
        "target",
        "tx",
        "version",
    )

    def __init__(self, falcon_request: Any, request_id: str, mount: str, policy: Policy, parts: Any) -> None:
        self._falcon = falcon_request
        self._query: dict[str, list[str]] | None = None
        self.id = request_id
        self.mount = mount
        self.policy = policy
        self.parts = parts
        self.params: dict[str, str] = {}
        self.prepared: Any = None
        self.raw = b""
        self.version: Version | None = None
        self.actor: Actor = ANONYMOUS
        self.target: dict[str, Any] = {}
        self.tx: Tx = None  # type: ignore[assignment]  # set by the kernel before the handler runs, unless the route has tx="none"

    def header(self, name: str) -> str | None:
        """A header's value, or None; upper and lower case are the same."""
        value: str | None = self._falcon.get_header(name)
        return value

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers, by their names in capitals."""
        found: Mapping[str, str] = self._falcon.headers
        return {name.upper(): value for name, value in found.items()}

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return str(self._falcon.method)

    @property
    def path(self) -> str:
        """The path, without the query."""
        return str(self._falcon.path)

    @property
    def reader(self) -> Reader:
        """The transaction, for reading only."""
        return self.tx

    @property
    def project_in_path(self) -> str | None:
        """The project id that the client put into the path behind the version, if it did."""
        found: str | None = self._falcon.scope.get("cumulet.project")
        return found

    @property
    def remote(self) -> str:
        """The address of the client."""
        return str(self._falcon.remote_addr)

    @property
    def query(self) -> dict[str, list[str]]:
        """The query parameters, each with all its values in order. Raises Invalid."""
        if self._query is None:
            self._query = parse_qs(self._falcon.query_string, keep_blank_values=True)
            if "%00" in self._falcon.query_string:
                raise Invalid("Invalid query string: no value may hold the character NUL (%00).")
        return self._query

    def asked(self, name: str) -> str | None:
        """The last value of a query parameter, or None."""
        values = self.query.get(name)
        return values[-1] if values else None

    def asked_flag(self, name: str) -> bool:
        """Whether a query parameter is there, alone or with a word for yes. Raises Invalid."""
        value = self.asked(name)
        try:
            return value is not None and (value == "" or flag(value))
        except ValueError as problem:
            raise Invalid(f"Invalid value for '{name}': {problem}.") from None

    def root(self) -> str:
        """Scheme and host as the client used them: `http://127.0.0.1:8780`."""
        return f"{self._falcon.forwarded_scheme}://{self._falcon.forwarded_host}"

    def url(self, path: str) -> str:
        """A link to `path` of this service."""
        return f"{self.root()}{self.mount}{path}"

    def allows(self, rule: str, **target: Any) -> bool:
        """Whether a policy rule lets the actor act on a resource with these attributes (default: the actor's own)."""
        return self.policy.allows(rule, self.actor, {**self.target, **target})

    def authorize(self, rule: str, **target: Any) -> None:
        """Raise Forbidden unless `allows`."""
        self.policy.enforce(rule, self.actor, {**self.target, **target})

    def require_json(self) -> None:
        """Raise UnsupportedMedia unless the body says that it is JSON, or nothing of what it is."""
        media = (self.header("Content-Type") or "application/json").split(";")[0].strip().lower()
        if not media.endswith("json"):
            raise UnsupportedMedia(f"The media type {media} is not supported; application/json is.")

    def json(self) -> Any:
        """The body as plain Python objects. Raises Invalid."""
        return documents.read(self.raw)

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises TooLarge beyond `limit` bytes, without reading further."""
        length = self._falcon.content_length
        if length is not None and length > limit:
            raise TooLarge(f"The body has {length} bytes; the limit is {limit}.")
        if not length and self.header("Transfer-Encoding") is None:
            return b""
        if length is not None:
            whole: bytes = await self._falcon.stream.read()
            self._check_complete()
            return whole
        pieces, size = [], 0
        async for piece in self.stream():
            size += len(piece)
            if size > limit:
                raise TooLarge(f"The body has more than {limit} bytes, which is the limit.")
            pieces.append(piece)
        return b"".join(pieces)

    async def stream(self) -> AsyncIterator[bytes]:
        """The body, piece by piece as it arrives. Raises Invalid if the client goes away before its end."""
        async for piece in self._falcon.stream:
            if piece:
                yield piece
        self._check_complete()

    def _check_complete(self) -> None:
        if self._falcon.scope.get("cumulet.disconnected"):
            raise Invalid("The client went away before the body was complete.")

    @property
    def content_length(self) -> int | None:
        """The declared size of the body in bytes."""
        length: int | None = self._falcon.content_length
        return length


ANONYMOUS = Actor(user_id="")
