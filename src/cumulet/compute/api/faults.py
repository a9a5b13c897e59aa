"""Compute's error envelope: `{"itemNotFound": {"code": 404, "message": "…"}}`."""

from __future__ import annotations

from ...kernel import errors
from ...kernel.http import Fault, Request

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
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Unsupported: 501,
    errors.Unavailable: 503,
}
_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def fault(problem: errors.Problem, request: Request) -> Fault:
    """A problem as Nova writes it; a missing token as keystonemiddleware does."""
    status = _STATUS.get(type(problem), 500)
    if status == 401:
        return Fault(401, {"error": {"code": 401, "title": "Unauthorized", "message": problem.message}})
    return Fault(status, {_NAMES.get(status, "computeFault"): {"code": status, "message": problem.message}})
