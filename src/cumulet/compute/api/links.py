"""Links and instants, as this API writes them."""

from __future__ import annotations

from typing import Any

from ...kernel.clock import Stamp
from ...kernel.http import Request
from ...kernel.http.paging import next_page


def resource(root: str, collection: str, key: str) -> list[dict[str, str]]:
    """The `links` of one resource; `root` is where the service is mounted, `http://host:port/compute`."""
    return [
        {"rel": "self", "href": f"{root}/v2.1/{collection}/{key}"},
        {"rel": "bookmark", "href": f"{root}/{collection}/{key}"},
    ]


def bookmark(root: str, collection: str, key: str) -> list[dict[str, str]]:
    """The `links` of a resource that is only mentioned."""
    return [{"rel": "bookmark", "href": f"{root}/{collection}/{key}"}]


def following(request: Request, path: str, markers: list[str], limit: int | None) -> list[dict[str, str]]:
    """The link to the next page, if this one is full; `path` is below the mount."""
    if not limit or len(markers) < limit:
        return []
    return [{"rel": "next", "href": request.url(next_page(request, path, markers[-1]))}]


def second(when: Stamp | None) -> Any:
    """An instant to the second, with its time zone."""
    return when and when[:19] + "Z"
