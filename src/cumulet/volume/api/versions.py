"""Version documents. https://docs.openstack.org/api-ref/block-storage/v3/#api-versions

The highest is the last one before volumes can be re-imaged (3.68): that is not served.
"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, Version, Versions, ok

VERSIONS = Versions(Version(3, 0), Version(3, 67), "volume")


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": "v3.0",
        "status": "CURRENT",
        "version": str(VERSIONS.highest),
        "min_version": str(VERSIONS.lowest),
        "updated": "2023-08-31T00:00:00Z",
        "links": [
            {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
            {"rel": "self", "href": request.url("/v3/")},
        ],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}],
    }


async def list_versions(request: Request) -> Response:
    """Every version, 300 Multiple Choices as Cinder answers."""
    return Response(300, {"versions": [_version(request)]})


async def show_version(request: Request) -> Response:
    """Version 3."""
    return ok({"versions": [_version(request)]})
