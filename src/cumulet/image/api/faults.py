"""Image's error envelope: `{"message": "…", "code": "404 Not Found", "title": "Not Found"}` for those who ask for JSON.

The others get the message as text. Among them is Glance's own client, which Horizon uses: it accepts anything, is sent HTML by
Glance, and takes JSON apart as if it were another service's. Text it shows as it is.
"""

from __future__ import annotations

from http import HTTPStatus

from ...kernel import errors
from ...kernel.http import Fault, Request
from .bodies import PATCH_MEDIA

_STATUS: dict[type[errors.Problem], int] = {
    errors.Invalid: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.OverQuota: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.RangeUnsatisfiable: 416,
    errors.Unavailable: 503,
}


def fault(problem: errors.Problem, request: Request) -> Fault:
    """A problem as Glance writes it."""
    status = HTTPStatus(_STATUS.get(type(problem), 500))
    headers = {}
    if status == 416:
        headers["Content-Range"] = problem.code
    if status == 415 and request.method == "PATCH":
        headers["Accept-Patch"] = ", ".join(PATCH_MEDIA)
    envelope = {"message": problem.message, "code": f"{status.value} {status.phrase}", "title": status.phrase}
    wants_json = "json" in (request.header("Accept") or "").lower()
    return Fault(status.value, envelope if wants_json else f"{envelope['code']}: {problem.message}\n", headers)
