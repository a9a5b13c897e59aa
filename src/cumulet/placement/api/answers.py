"""What every answer of placement has in common: the media type that is accepted, and cache headers since 1.15."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from typing import Any

from ...kernel import clock
from ...kernel.errors import NotAcceptable
from ...kernel.http import Request, Response, Version

DATED = Version(1, 15)


def dated(request: Request, modified: str | None = None) -> dict[str, str]:
    """The cache headers: `modified` is a stamp, None is now."""
    if request.version is None or request.version < DATED:
        return {}
    seconds = request.reader.now if modified is None else clock.seconds(modified)
    return {"Last-Modified": formatdate(seconds, usegmt=True), "Cache-Control": "no-cache"}


def shown(request: Request, view: Any, modified: str | None = None) -> Response:
    """200 with a body, for a request whose client accepts JSON. Raises NotAcceptable."""
    accepted = [part.split(";")[0].strip() for part in (request.header("Accept") or "*/*").split(",")]
    if not {"application/json", "application/*", "*/*"} & set(accepted):
        raise NotAcceptable("Only application/json is provided")
    return Response(200, view, dated(request, modified))


def written(request: Request, view: Any, modified: str | None = None) -> Response:
    """200 with a body, after a change."""
    return Response(200, view, dated(request, modified))


def located(request: Request, path: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    """The headers of an answer about what is at `path`."""
    return {"Location": request.root() + path, **(headers or {})}


def newest(stamps: Iterable[str | None]) -> str | None:
    """The latest of some stamps; None, which is now, if there is none or one of them is unknown."""
    known = list(stamps)
    return None if not known or None in known else max(stamp for stamp in known if stamp)
