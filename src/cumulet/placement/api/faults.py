"""Placement's error envelope.

`{"errors": [{"status": 404, "title": "Not Found", "detail": "…", "code": "placement.undefined_code", "request_id": "req-…"}]}`.
Who asks for HTML gets a page, as from upstream.
"""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Any

from ...kernel import errors
from ...kernel.http import Fault, Request, Version
from .versions import VERSIONS

_STATUS: dict[type[errors.Problem], int] = {
    errors.Invalid: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.OverQuota: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.NotAcceptable: 406,
    errors.Conflict: 409,
    errors.NoCapacity: 409,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Unavailable: 503,
}
_CODES = {
    "concurrent_update",
    "duplicate_name",
    "inventory.inuse",
    "query.bad_value",
    "query.duplicate_key",
    "query.missing_value",
    "resource_provider.cannot_delete_parent",
    "resource_provider.inuse",
    "resource_provider.not_found",
}
_CODED = Version(1, 23)


def fault(problem: errors.Problem, request: Request) -> Fault:
    """A problem as placement writes it."""
    status = _STATUS.get(type(problem), 500)
    error: dict[str, Any] = {"status": status, "title": HTTPStatus(status).phrase, "detail": problem.message}
    error["request_id"] = request.id
    if request.version is not None and request.version >= _CODED:
        error["code"] = f"placement.{problem.code if problem.code in _CODES else 'undefined_code'}"
    if problem.code == "version":
        error |= {"max_version": str(VERSIONS.highest), "min_version": str(VERSIONS.lowest)}
    if "text/html" in (request.header("Accept") or "").lower():
        title = f"{status} {error['title']}"
        page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{escape(problem.message)}</p></body></html>"
        return Fault(status, page, {"Content-Type": "text/html; charset=UTF-8"})
    return Fault(status, {"errors": [error]})
