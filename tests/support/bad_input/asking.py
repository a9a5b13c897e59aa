"""Requests straight to the ASGI application, octet by octet as a test wants them, several thousand a second."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from msgspec import Struct


class Asked(Struct):
    """A request. `path` is as on the wire, quoted; `body` octets."""

    method: str
    path: str
    body: bytes = b""
    query: str = ""
    headers: dict[str, str] = {}

    def __str__(self) -> str:
        query = f"?{self.query[:120]}" if self.query else ""
        return f"{self.method} {self.path[:160]}{query} {self.body[:160]!r}"


class Answer(Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body. Raises ValueError."""
        return json.loads(self.body)


async def ask(application: Any, asked: Asked, token: str | None) -> Answer:
    """One request, whose body arrives in one piece."""
    headers = {"host": "cloud.test", "accept": "application/json", "content-length": str(len(asked.body))}
    if asked.body:
        headers["content-type"] = "application/json"
    if token is not None:
        headers["x-auth-token"] = token
    headers |= asked.headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote(asked.path),
        "raw_path": asked.path.encode(),
        "query_string": asked.query.encode(errors="surrogateescape"),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("cloud.test", 80),
    }
    events = [{"type": "http.disconnect"}, {"type": "http.request", "body": asked.body, "more_body": False}]
    came: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop()

    async def send(event: dict[str, Any]) -> None:
        came.append(event)

    await application(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in came[0]["headers"]}
    return Answer(came[0]["status"], found, b"".join(event.get("body", b"") for event in came[1:]))
