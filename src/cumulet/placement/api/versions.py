"""The version document. https://docs.openstack.org/api-ref/placement/#list-versions"""

from __future__ import annotations

from ...kernel.http import Request, Response, Version, Versions
from .answers import dated

VERSIONS = Versions(Version(1, 0), Version(1, 39), "placement", zero=True, vary="openstack-api-version")


async def show(request: Request) -> Response:
    """The only version, and its microversions."""
    document = {
        "id": f"v{VERSIONS.lowest}",
        "max_version": str(VERSIONS.highest),
        "min_version": str(VERSIONS.lowest),
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }
    return Response(200, {"versions": [document]}, dated(request))
