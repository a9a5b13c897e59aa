"""Which query parameters a request may have."""

from __future__ import annotations

from ...kernel.errors import Invalid
from ...kernel.http import Request, Version

STRICT = Version(2, 75)
"""From here on, parameters that mean nothing are refused; before, they were ignored."""


def only(request: Request, *known: str, since: Version = STRICT) -> None:
    """Raise Invalid for a query parameter that is not one of `known`, from version `since` on."""
    unknown = [name for name in request.query if name not in known]
    if unknown and (request.version or since) >= since:
        raise Invalid(f"Invalid input for query parameters. Additional properties are not allowed ('{unknown[0]}' was unexpected).")
