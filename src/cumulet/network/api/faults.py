"""Network's error envelope: `{"NeutronError": {"type": "NetworkNotFound", "message": "…", "detail": ""}}`."""

from __future__ import annotations

from ...kernel import errors
from ...kernel.http import Fault, Request

_STATUS: dict[type[errors.Problem], tuple[int, str]] = {
    errors.Invalid: (400, "HTTPBadRequest"),
    errors.Unauthorized: (401, "HTTPUnauthorized"),
    errors.Forbidden: (403, "PolicyNotAuthorized"),
    errors.NotFound: (404, "HTTPNotFound"),
    errors.MethodNotAllowed: (405, "HTTPMethodNotAllowed"),
    errors.Conflict: (409, "Conflict"),
    errors.OverQuota: (409, "OverQuota"),
    errors.TooLarge: (413, "HTTPRequestEntityTooLarge"),
    errors.UnsupportedMedia: (415, "HTTPUnsupportedMediaType"),
    errors.Unavailable: (503, "ServiceUnavailable"),
}


def fault(problem: errors.Problem, request: Request) -> Fault:
    """A problem as Neutron writes it; one without a token as Keystone's middleware does."""
    status, kind = _STATUS.get(type(problem), (500, "HTTPInternalServerError"))
    if status == 401:
        return Fault(401, {"error": {"code": 401, "title": "Unauthorized", "message": problem.message}})
    named = problem.code if problem.code[:1].isupper() else ""
    return Fault(status, {"NeutronError": {"type": named or kind, "message": problem.message, "detail": ""}})
