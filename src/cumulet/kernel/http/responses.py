"""What a handler answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct


class Stream(Struct, frozen=True):
    """A body that is sent piece by piece; `size` in bytes, if it is known."""

    pieces: AsyncIterator[bytes]
    size: int | None = None
    content_type: str = "application/octet-stream"


class Response(Struct, frozen=True):
    """A status, a view (Struct, dict of views, bytes, Stream or None) and headers."""

    status: int = 200
    view: Any = None
    headers: dict[str, str] = {}


class Fault(Struct, frozen=True):
    """A problem in a service's own envelope; a `body` that is text is sent as plain text."""

    status: int
    body: Any
    headers: dict[str, str] = {}


def ok(view: Any, headers: dict[str, str] | None = None) -> Response:
    """200 with a body."""
    return Response(200, view, headers or {})


def created(view: Any, location: str | None = None) -> Response:
    """201 with a body."""
    return Response(201, view, {"Location": location} if location else {})


def accepted(view: Any = None, location: str | None = None) -> Response:
    """202: the work has been recorded and goes on."""
    return Response(202, view, {"Location": location} if location else {})


def no_content() -> Response:
    """204."""
    return Response(204)
