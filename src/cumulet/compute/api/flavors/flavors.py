"""Flavors. https://docs.openstack.org/api-ref/compute/#flavors"""

from __future__ import annotations

import re
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field
from msgspec.structs import replace

from ....kernel.db import Condition, Page
from ....kernel.http import Filter, Lives, Paging, Request, Response, Version, accepted, ok
from ...model import Flavor
from ...operations import flavors
from .. import links, queries
from .. import values as v

EXTRA_SPECS = Version(2, 61)
SWAP_IS_A_NUMBER = Version(2, 75)
_SORTS = {
    **{name: name for name in ("name", "vcpus", "swap", "rxtx_factor", "created_at", "updated_at", "is_public", "disabled")},
    **{"flavorid": "id", "id": "id", "memory_mb": "ram", "root_gb": "disk", "ephemeral_gb": "ephemeral", "vcpu_weight": "id"},
    "description": "description",
}
PAGING = Paging({"minRam": Filter("ram", "gte", read=int), "minDisk": Filter("disk", "gte", read=int)}, _SORTS, always_limit=True)


class NewFlavor(Struct, kw_only=True, forbid_unknown_fields=True):
    """A flavor to be made."""

    name: v.Text255
    ram: v.Count
    vcpus: v.Count
    disk: v.Count
    id: str | int | float | None = None
    ephemeral: v.Count = field(name="OS-FLV-EXT-DATA:ephemeral", default=0)
    swap: v.Count = 0
    rxtx_factor: float | str = 1.0
    is_public: v.Flag = field(name="os-flavor-access:is_public", default=True)
    description: Annotated[Annotated[str, Meta(max_length=65535)] | None, Lives("2.55")] = None

    def key(self) -> str | None:
        """The id; None if one is to be made up. Raises Invalid."""
        if self.id is None or self.id == "auto":
            return None
        if not re.fullmatch(r"(?! )[a-zA-Z0-9. _-]{1,255}(?<! )", str(self.id)):
            raise v.wrong("id", self.id, "It must be letters, digits, periods, hyphens, underscores and inner spaces.")
        return str(self.id)

    def fields(self) -> dict[str, Any]:
        """The rest. Raises Invalid."""
        return {
            "name": v.name("name", self.name),
            "ram": v.count("ram", self.ram, least=1),
            "vcpus": v.count("vcpus", self.vcpus, least=1),
            "disk": v.count("disk", self.disk),
            "ephemeral": v.count("OS-FLV-EXT-DATA:ephemeral", self.ephemeral),
            "swap": v.count("swap", self.swap),
            "rxtx_factor": _factor(self.rxtx_factor),
            "is_public": v.flag("os-flavor-access:is_public", self.is_public),
            "description": v.printable("description", self.description),
        }


def _factor(value: float | str) -> float:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise v.wrong("rxtx_factor", value, "It must be a number.")
    if not 0 < float(value) < 3.40282e38:
        raise v.wrong("rxtx_factor", value, "It must be greater than 0.")
    return float(value)


class FlavorChanges(Struct, kw_only=True, forbid_unknown_fields=True):
    """The only thing about a flavor that can change."""

    description: Annotated[str, Meta(max_length=65535)] | None


class FlavorName(Struct, kw_only=True):
    """A flavor in brief."""

    id: str
    name: str
    links: list[dict[str, str]]
    description: Annotated[str | None, Lives("2.55")]


class FlavorView(Struct, kw_only=True):
    """A flavor. An absent swap was once the empty string."""

    id: str
    name: str
    ram: int
    disk: int
    vcpus: int
    swap: int | str
    ephemeral: int = field(name="OS-FLV-EXT-DATA:ephemeral")
    disabled: bool = field(name="OS-FLV-DISABLED:disabled")
    is_public: bool = field(name="os-flavor-access:is_public")
    rxtx_factor: float
    links: list[dict[str, str]]
    description: Annotated[str | None, Lives("2.55")]
    extra_specs: Annotated[dict[str, str] | UnsetType, Lives("2.61")] = UNSET


def _view(request: Request, f: Flavor) -> FlavorView:
    version = request.version or EXTRA_SPECS
    sees_specs = version >= EXTRA_SPECS and request.allows("os_compute_api:os-flavor-extra-specs:index")
    return FlavorView(
        id=f.id,
        name=f.name,
        ram=f.ram,
        disk=f.disk,
        vcpus=f.vcpus,
        swap=f.swap if f.swap or version >= SWAP_IS_A_NUMBER else "",
        ephemeral=f.ephemeral,
        disabled=f.disabled,
        is_public=f.is_public,
        rxtx_factor=f.rxtx_factor,
        links=links.resource(request.url(""), "flavors", f.id),
        description=f.description,
        extra_specs=f.extra_specs if sees_specs else UNSET,
    )


def _page(request: Request) -> Page:
    queries.only(request, "limit", "marker", "is_public", "minRam", "minDisk", "sort_key", "sort_dir")
    page = PAGING.page(request)
    asked = request.asked("is_public")
    if not request.actor.is_admin:
        return replace(page, conditions=(*page.conditions, Condition("disabled", False)))
    if asked is not None and asked.lower() == "none":
        return page
    wanted = True if asked is None else v.flag("is_public", asked)
    return replace(page, conditions=(*page.conditions, Condition("is_public", wanted)))


async def index(request: Request) -> Response:
    """Flavors in brief."""
    page = _page(request)
    found = await flavors.page(request.tx, request.actor, page)
    root = request.url("")
    shown = [
        FlavorName(id=f.id, name=f.name, links=links.resource(root, "flavors", f.id), description=f.description) for f in found
    ]
    more = links.following(request, "/v2.1/flavors", [f.id for f in found], page.limit)
    return ok({"flavors": shown, **({"flavors_links": more} if more else {})})


async def detail(request: Request) -> Response:
    """Flavors in full."""
    page = _page(request)
    found = await flavors.page(request.tx, request.actor, page)
    more = links.following(request, "/v2.1/flavors/detail", [f.id for f in found], page.limit)
    return ok({"flavors": [_view(request, f) for f in found], **({"flavors_links": more} if more else {})})


async def show(request: Request, flavor_id: str) -> Response:
    """One flavor."""
    return ok({"flavor": _view(request, await flavors.get(request.tx, request.actor, flavor_id))})


async def create(request: Request, body: NewFlavor) -> Response:
    """A new flavor."""
    made = await flavors.create(request.tx, body.fields(), body.key())
    return ok({"flavor": _view(request, made)})


async def update(request: Request, flavor_id: str, body: FlavorChanges) -> Response:
    """Change the description."""
    description = v.printable("description", body.description)
    return ok({"flavor": _view(request, await flavors.describe(request.tx, flavor_id, description))})


async def delete(request: Request, flavor_id: str) -> Response:
    """Delete a flavor."""
    await flavors.delete(request.tx, request.actor, flavor_id)
    return accepted()
