"""Which versions there are, and the documents that say so. https://docs.openstack.org/api-ref/compute/#api-versions"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Request, Response, Version, Versions, ok

VERSIONS = Versions(Version(2, 1), Version(2, 96), "compute", "X-OpenStack-Nova-API-Version")
"""The highest is the last below the first whose behaviour is missing: 2.97 is Manila's shares."""


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": str(VERSIONS.highest),
        "min_version": str(VERSIONS.lowest),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": request.url("/v2.1/")}],
    }


async def list_versions(request: Request) -> Response:
    """Every version."""
    return ok({"versions": [_version(request)]})


async def show_version(request: Request) -> Response:
    """Version 2.1."""
    shown = _version(request)
    shown["links"].append({"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"})
    shown["media-types"] = [{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}]
    return ok({"version": shown})
