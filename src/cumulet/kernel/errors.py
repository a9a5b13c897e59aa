"""The problems a caller can meet. Each service's `api/faults.py` alone knows their status codes and envelopes."""

from __future__ import annotations


class Problem(Exception):
    """Something a user must be told.

    `message` is for the user, `code` names the case for programs, `internal` goes to the log only.
    """

    def __init__(self, message: str, code: str = "", internal: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.internal = internal


class Invalid(Problem):
    """The request itself is wrong: it names the field and the constraint."""


class Unauthorized(Problem):
    """No valid credentials."""


class Forbidden(Problem):
    """Valid credentials, but policy says no."""


class OverQuota(Forbidden):
    """The project's limit would be passed."""


class NotFound(Problem):
    """No such resource, or not one the caller may see."""


class Gone(Problem):
    """It was there, and was deleted meanwhile."""


class Conflict(Problem):
    """The resource's present state does not allow this."""


class NoCapacity(Problem):
    """No host can hold what was asked for; the message names the constraint."""


class TooLarge(Problem):
    """The body is larger than the limit."""


class NotAcceptable(Problem):
    """No representation the client accepts, an unsupported microversion for instance."""


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""


class UnsupportedMedia(Problem):
    """The body's media type is not understood here."""


class RangeUnsatisfiable(Problem):
    """The asked-for bytes are outside the content."""


class Unsupported(Problem):
    """The API knows this, the cloud does not do it."""


class TooMany(Problem):
    """Too many attempts in too short a time; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int, internal: str = "") -> None:
        super().__init__(message, internal=internal)
        self.retry_after = retry_after


class Unavailable(Problem):
    """A part needed for the answer does not answer now; try again."""
