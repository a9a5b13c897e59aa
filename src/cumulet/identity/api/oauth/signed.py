"""A request as its client signed it."""

from __future__ import annotations

from urllib.parse import urlencode

from ....kernel.http import Request
from ...operations.oauth import signing


def of(request: Request) -> signing.Request:
    """The request, with the URL as the client wrote it: a proxy in front must say scheme and host (`Forwarded`)."""
    query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
    return signing.Request(
        method=request.method,
        url=f"{request.root()}{request.path}{query}",
        authorization=request.header("Authorization") or "",
        project_id=request.header("Requested-Project-Id") or "",
    )
