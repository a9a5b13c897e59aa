"""Version documents. https://docs.openstack.org/api-ref/image/versions/index.html"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, ok

NEWEST = "2.17"
SUPPORTED = (
    "2.16",
    "2.15",
    "2.14",
    "2.13",
    "2.12",
    "2.11",
    "2.10",
    "2.9",
    "2.8",
    "2.7",
    "2.6",
    "2.5",
    "2.4",
    "2.3",
    "2.2",
    "2.1",
    "2.0",
)
_OF_CACHES = ("2.16", "2.14")
"""Glance lists them only where images are cached."""


def _document(request: Request) -> dict[str, Any]:
    links = [{"rel": "self", "href": request.url("/v2/")}]
    supported = [number for number in SUPPORTED if request.parts.cache is not None or number not in _OF_CACHES]
    statuses = {NEWEST: "CURRENT", **dict.fromkeys(supported, "SUPPORTED")}
    return {"versions": [{"id": f"v{number}", "status": status, "links": links} for number, status in statuses.items()]}


async def list_versions(request: Request) -> Response:
    """Every version, 300 Multiple Choices as Glance answers."""
    return Response(300, _document(request))


async def show_versions(request: Request) -> Response:
    """The same for those who asked for it."""
    return ok(_document(request))
