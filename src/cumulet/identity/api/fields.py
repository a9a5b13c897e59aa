"""What clients send and get in every noun: fields of their own beside the declared ones, links, times, inexact filters.

Keystone lets clients store fields of their own in most resources: they are kept as `extra`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from ...kernel.clock import stamp
from ...kernel.errors import Invalid
from ...kernel.http import Filter, Paging, Request
from ..model import DEFAULT_DOMAIN
from ..operations.directory.directories import Directories

Name64 = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\S")]
Name255 = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Options = dict[str, Any]
Z = "Z"
"""Keystone writes instants in UTC with this at the end."""


def given(body: Struct) -> dict[str, Any]:
    """The declared fields that a client sent."""
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}


def fields(request: Request, wrap: str, body: Struct) -> dict[str, Any]:
    """The declared fields that were given, and all others under `extra`; None descriptions become empty texts.

    Raises Invalid if the id in the body is not the one in the path.
    """
    found = given(body)
    if "description" in found:
        found["description"] = found["description"] or ""
    sent = request.json()[wrap]
    if sent.get("id") is not None and "id" not in found and request.method == "PATCH" and sent["id"] not in request.params.values():
        raise Invalid("Invalid input for field/attribute id. It cannot be changed.")
    declared = body.__struct_encode_fields__
    found["extra"] = {k: v for k, v in sent.items() if k not in declared and k not in ("id", "links")}
    return found


def changes(request: Request, wrap: str, body: Struct, extra: dict[str, Any]) -> dict[str, Any]:
    """`fields`, over the extra fields which the resource has already."""
    found = fields(request, wrap, body)
    found["extra"] = {**extra, **found["extra"]}
    return found


def shown_time(at: float | None, suffix: str = "Z") -> str | None:
    """A time in seconds as Keystone writes it."""
    return None if at is None else stamp(at) + suffix


def self_link(request: Request, collection: str, key: str) -> dict[str, str]:
    """The `links` of one resource."""
    return {"self": request.url(f"/v3/{collection}/{key}")}


def listed(request: Request, collection: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A collection with its links; Keystone does not page."""
    return {collection: found, "links": list_links(request)}


def list_links(request: Request) -> dict[str, Any]:
    """The links of what is at this path."""
    return {"next": None, "self": request.url(request.path.removeprefix(request.mount)), "previous": None}


def paging(**filters: Filter) -> Paging:
    """How a noun with a name is listed: by exact values, and by parts of the name (`name__contains=` and its kin)."""
    parts: Mapping[str, str] = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}
    inexact = {
        f"name__{case}{word}": Filter("name", "like", read=_pattern(shape))
        for word, shape in parts.items()
        for case in ("", "i")
        if "name" in filters
    }
    return Paging(filters={**filters, **inexact}, sorts={"name": "name"} if "name" in filters else {})


def home(request: Request) -> str:
    """The domain of a new resource for which the client names none: that of the token."""
    actor = request.actor
    return actor.domain_id or (actor.project_domain_id if actor.project_id else DEFAULT_DOMAIN)


def directories(request: Request) -> Directories:
    """The directories in which some domains have their people."""
    found: Directories = request.parts.tokens.directories
    return found


def _pattern(shape: str) -> Any:
    def read(text: str) -> str:
        return shape.format(text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))

    return read
