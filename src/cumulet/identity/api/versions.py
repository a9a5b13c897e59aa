"""Version documents. https://docs.openstack.org/api-ref/identity/v3/#api-versions"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, ok


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": request.url("/v3/")}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


async def list_versions(request: Request) -> Response:
    """Every version, 300 Multiple Choices as Keystone answers."""
    return Response(300, {"versions": {"values": [_version(request)]}})


async def show_version(request: Request) -> Response:
    """Version 3."""
    return ok({"version": _version(request)})
