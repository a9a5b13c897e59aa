"""Version documents. https://docs.openstack.org/api-ref/image/versions/index.html"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, ok

NEWEST = "2.17"
SUPPORTED = ("2.15", "2.13", "2.12", "2.11", "2.10", "2.9", "2.8", "2.7", "2.6", "2.5", "2.4", "2.3", "2.2", "2.1", "2.0")
"""2.14 and 2.16 are those of image caching, which Glance lists only where it is switched on."""


def _document(request: Request) -> dict[str, Any]:
    links = [{"rel": "self", "href": request.url("/v2/")}]
    statuses = {NEWEST: "CURRENT", **dict.fromkeys(SUPPORTED, "SUPPORTED")}
    return {"versions": [{"id": f"v{number}", "status": status, "links": links} for number, status in statuses.items()]}


async def list_versions(request: Request) -> Response:
    """Every version, 300 Multiple Choices as Glance answers."""
    return Response(300, _document(request))


async def show_versions(request: Request) -> Response:
    """The same for those who asked for it."""
    return ok(_document(request))
