"""Links to volumes and to further pages: with the project in the path if the client put it there, as clients compare them."""

from __future__ import annotations

from ...kernel.http import Request
from ...kernel.http.paging import next_page

VERSION = "/v3"


def link(request: Request, path: str) -> str:
    """A link to `path` of the API, which begins after the version: `/volumes/detail`."""
    return request.url(f"{VERSION}{_project(request)}{path}")


def bookmark(request: Request, path: str) -> str:
    """A link without a version."""
    return request.url(f"{_project(request)}{path}")


def following(request: Request, path: str, marker: str) -> list[dict[str, str]]:
    """The link to the page after `marker` of the list at `path`."""
    return [{"rel": "next", "href": link(request, next_page(request, path, marker))}]


def _project(request: Request) -> str:
    return f"/{request.project_in_path}" if request.project_in_path else ""
