"""Which volumes a list holds: filters, sorting, pages. https://docs.openstack.org/api-ref/block-storage/v3/#list-accessible-volumes"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ....kernel.db import Condition, Page
from ....kernel.errors import Invalid
from ....kernel.http import Filter, Paging, Request, Version
from ...model import Volume
from ...operations import volumes
from ...rules import filters
from .. import values as v
from ..links import following

NOTHING = Condition("id", "")
"""Met by no volume."""

PAGING = Paging(
    filters={
        "name": Filter("name"),
        "display_name": Filter("name"),
        "name~": Filter("name", "like", lambda text: f"%{escaped(text)}%"),
        "description~": Filter("description", "like", lambda text: f"%{escaped(text)}%"),
        "status": Filter("status"),
        "size": Filter("size", read=int),
        "availability_zone": Filter("zone"),
        "user_id": Filter("user_id"),
        "id": Filter("id"),
        "source_volid": Filter("source_id"),
        "snapshot_id": Filter("snapshot_id"),
        "volume_type_id": Filter("type_id"),
    },
    sorts={
        "created_at": "created_at",
        "updated_at": "updated_at",
        "name": "name",
        "display_name": "name",
        "status": "status",
        "size": "size",
        "id": "id",
        "bootable": "bootable",
        "availability_zone": "availability_zone",
        "user_id": "user_id",
    },
    always_limit=True,
    descending=True,
)
OTHERS = {
    *("bootable", "metadata", "glance_metadata", "migration_status", "group_id", "created_at", "updated_at", "consumes_quota"),
    *("project_id", "host"),
}
NOT_FILTERS = {"limit", "marker", "offset", "sort", "sort_key", "sort_dir", "all_tenants", "with_count", "page_reverse"}
COUNTED = 45
SINCE = {
    **{"glance_metadata": 4, "group_id": 10, "name~": 34, "description~": 34, "with_count": COUNTED},
    **{"created_at": 60, "updated_at": 60, "consumes_quota": 65},
}
"""The second number of the version in which clients came to know a filter."""
STRICT, STRICT_BOOTABLE = 31, 2


def escaped(text: str) -> str:
    """A text in which SQL's patterns are letters."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class Wanted(Struct, frozen=True):
    """A page, where it begins, and whose volumes it holds."""

    page: Page
    offset: int
    all_projects: bool


def minor(request: Request) -> int:
    """The second number of the request's version."""
    return (request.version or Version(3, 0)).minor


def wanted(request: Request) -> Wanted:
    """What part of which list is asked for. Raises Invalid, naming the parameter."""
    _check_names(request)
    page = PAGING.page(request)
    kept = tuple(c for c in page.conditions if not (c.op == "like" and minor(request) < SINCE["name~"]))
    page = replace(page, conditions=(*kept, *_conditions(request)))
    offset = v.asked_count(request, "offset")
    return Wanted(page, offset, v.asked_flag(request, "all_tenants"))


def _check_names(request: Request) -> None:
    """Unknown filters are passed over for old clients and for administrators, as upstream does; others hear of them."""
    if request.actor.is_admin or minor(request) < STRICT:
        return
    known = set(PAGING.filters) | OTHERS | NOT_FILTERS
    wrong = sorted(name for name in request.query if name not in known or SINCE.get(name, 0) > minor(request))
    if wrong:
        raise Invalid(f"Invalid filters {', '.join(wrong)} are found in query options.")


def _conditions(request: Request) -> list[Condition]:
    found: list[Condition] = []
    for name in request.query:
        text = request.asked(name) or ""
        if name in _READERS and SINCE.get(name, 0) <= minor(request):
            found += _READERS[name](request, name, text)
    return found


def _bootable(request: Request, name: str, text: str) -> list[Condition]:
    if minor(request) < STRICT_BOOTABLE:
        return [Condition("bootable", text.lower() != "false")]
    return [Condition("bootable", v.flag("bootable", text))]


def _items(store_name: str) -> Any:
    def read(request: Request, name: str, text: str) -> list[Condition]:
        return [Condition(store_name, volumes.item(key, value)) for key, value in filters.dictionary(name, text).items()]

    return read


def _owner(request: Request, name: str, text: str) -> list[Condition]:
    return [Condition("project_id", text)] if request.actor.is_admin else []


_READERS: dict[str, Any] = {
    "bootable": _bootable,
    "metadata": _items("metadata"),
    "glance_metadata": _items("image"),
    "created_at": lambda request, name, text: filters.instants(name, text),
    "updated_at": lambda request, name, text: filters.instants(name, text),
    "consumes_quota": lambda request, name, text: [] if v.flag(name, text) else [NOTHING],
    "group_id": lambda request, name, text: [NOTHING],
    "migration_status": lambda request, name, text: [NOTHING],
    "project_id": _owner,
}


async def find(request: Request) -> tuple[list[Volume], Wanted]:
    """The volumes of the page that is asked for."""
    asked = wanted(request)
    page = asked.page
    if asked.offset and page.limit is not None:
        page = replace(page, limit=page.limit + asked.offset)
    found = await volumes.page(request.tx, request.actor, page, asked.all_projects)
    return found[asked.offset :], asked


async def envelope(request: Request, shown: list[Any], asked: Wanted, place: tuple[str, str | None]) -> dict[str, Any]:
    """A list with the link to its next page, and the count if it is asked for. `place` is the path, and the last volume's id."""
    path, last = place
    body: dict[str, Any] = {"volumes": shown}
    if last is not None and len(shown) == asked.page.limit:
        body["volumes_links"] = following(request, path, last)
    if minor(request) >= COUNTED and v.asked_flag(request, "with_count"):
        body["count"] = await volumes.count(request.tx, request.actor, asked.page.conditions, asked.all_projects)
    return body
