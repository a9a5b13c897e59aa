"""Identity's error envelope: `{"error": {"code": 404, "title": "Not Found", "message": "…"}}`."""

from __future__ import annotations

from http import HTTPStatus

from ...kernel import errors
from ...kernel.http import Fault, Request

_STATUS: dict[type[errors.Problem], int] = {
    errors.Invalid: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.OverQuota: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

_OAUTH2 = {400: "invalid_request", 401: "invalid_client"}


def fault(problem: errors.Problem, request: Request) -> Fault:
    """A problem as Keystone writes it; where OAuth 2.0 is spoken, as that does (RFC 6749, section 5.2)."""
    status = _STATUS.get(type(problem), 500)
    if request.path.endswith("/OS-OAUTH2/token"):
        return Fault(status, {"error": problem.code or _OAUTH2.get(status, "other_error"), "error_description": problem.message})
    headers = {"Retry-After": str(problem.retry_after)} if isinstance(problem, errors.TooMany) else {}
    return Fault(status, {"error": {"code": status, "title": HTTPStatus(status).phrase, "message": problem.message}}, headers)
