"""Block storage's error envelope: `{"itemNotFound": {"code": 404, "message": "…"}}`."""

from __future__ import annotations

from ...kernel import errors
from ...kernel.http import Fault, Request

_STATUS: dict[type[errors.Problem], tuple[int, str]] = {
    errors.Invalid: (400, "badRequest"),
    errors.Unauthorized: (401, "unauthorized"),
    errors.Forbidden: (403, "forbidden"),
    errors.OverQuota: (413, "overLimit"),
    errors.NotFound: (404, "itemNotFound"),
    errors.MethodNotAllowed: (405, "badMethod"),
    errors.NotAcceptable: (406, "computeFault"),
    errors.Conflict: (409, "conflictingRequest"),
    errors.TooLarge: (413, "overLimit"),
    errors.UnsupportedMedia: (415, "badMediaType"),
    errors.Unavailable: (503, "serviceUnavailable"),
}


def fault(problem: errors.Problem, request: Request) -> Fault:
    """A problem as Cinder writes it; a missing token as keystonemiddleware does. A missing marker is a missing resource."""
    status, name = _STATUS.get(type(problem), (500, "computeFault"))
    if status == 401:
        return Fault(401, {"error": {"code": 401, "title": "Unauthorized", "message": problem.message}})
    if problem.code == "marker":
        status, name = _STATUS[errors.NotFound]
    headers = {"Retry-After": "0"} if isinstance(problem, errors.OverQuota) else {}
    return Fault(status, {name: {"code": status, "message": problem.message}}, headers)
