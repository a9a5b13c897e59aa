"""Volume types. https://docs.openstack.org/api-ref/block-storage/v3/#volume-types-types"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ....kernel.db import Page
from ....kernel.errors import Invalid
from ....kernel.http import Paging, Request, Response, accepted, ok
from ...model import VolumeType
from ...operations import types
from ...rules import filters
from ...rules.types import VISIBLE
from .. import values as v
from ..links import following
from ..volumes.listing import minor

PAGING = Paging(
    filters={},
    sorts={"id": "id", "name": "name", "created_at": "created_at", "updated_at": "updated_at", "is_public": "is_public"},
    always_limit=True,
    descending=True,
)
SPECS_FILTERED = 52
Specs = dict[Annotated[str, Meta(min_length=1, max_length=255)], v.Text255]


class NewTypeBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new type."""

    name: v.Name
    description: v.Text255 | None = None
    extra_specs: Specs | None = None
    is_public: v.Flag = field(name="os-volume-type-access:is_public", default=True)

    def fields(self) -> dict[str, Any]:
        """What the type is to be, beside its name. Raises Invalid."""
        public = v.flag("os-volume-type-access:is_public", self.is_public)
        return {"description": self.description, "extra_specs": self.extra_specs or {}, "is_public": public}


class TypeChanges(Struct, kw_only=True, forbid_unknown_fields=True):
    """What may change in a type."""

    name: v.Text255 | UnsetType | None = UNSET
    description: v.Text255 | UnsetType | None = UNSET
    is_public: v.Flag | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        """The fields that were given. Raises Invalid if none was, or for an empty name."""
        given = {name: getattr(self, name) for name in ("name", "description") if getattr(self, name) not in (UNSET, None)}
        if self.is_public is not UNSET:
            given["is_public"] = v.flag("is_public", self.is_public)
        if not given:
            raise Invalid("Specify volume type name, description, is_public or a combination thereof.")
        if not str(given.get("name", "x")).strip():
            raise Invalid("Volume type name can not be empty.")
        return given


def view(request: Request, kind: VolumeType) -> dict[str, Any]:
    """A type as the actor may see it."""
    specs = kind.extra_specs
    if not request.allows("volume_extension:types_extra_specs:read_sensitive"):
        specs = {name: value for name, value in specs.items() if name in VISIBLE}
    shown: dict[str, Any] = {
        "id": kind.id,
        "name": kind.name,
        "description": kind.description,
        "is_public": kind.is_public,
        "os-volume-type-access:is_public": kind.is_public,
        "extra_specs": specs,
    }
    return shown


def whole(request: Request, kind: VolumeType) -> dict[str, Any]:
    """A type as lists and show have it."""
    shown = view(request, kind)
    return {**shown, "qos_specs_id": None} if request.allows("volume_extension:access_types_qos_specs_id") else shown


def _public(request: Request) -> bool | None:
    """Which types an administrator asks for: the public ones, the others, or (None) all."""
    text = request.asked("is_public")
    if text is None or text == "":
        return True
    return None if text.lower() == "none" else v.flag("is_public", text)


async def index(request: Request) -> Response:
    """List the types that may be used."""
    page = PAGING.page(request)
    found = await types.index(request.tx, request.actor, Page(sort=page.sort), _public(request))
    found = _having(request, found)
    start = types.position(found, page.marker) + v.asked_count(request, "offset")
    shown = found[start:][: page.limit]
    body: dict[str, Any] = {"volume_types": [whole(request, kind) for kind in shown]}
    if shown and len(shown) == page.limit:
        body["volume_type_links"] = following(request, "/types", shown[-1].id)
    return ok(body)


def _having(request: Request, found: list[VolumeType]) -> list[VolumeType]:
    """The types with all the specs that are asked for; none if the actor may not see such specs."""
    asked = request.asked("extra_specs")
    if not asked or minor(request) < SPECS_FILTERED:
        return found
    wanted = filters.dictionary("extra_specs", asked)
    hidden = [name for name in wanted if name not in VISIBLE]
    if hidden and not request.allows("volume_extension:types_extra_specs:read_sensitive"):
        return []
    return [kind for kind in found if wanted.items() <= kind.extra_specs.items()]


async def show(request: Request, type_id: str) -> Response:
    """Show a type; `default` is the one of volumes for which none is asked."""
    actor = request.actor
    kind = await (types.default(request.tx, actor) if type_id == "default" else types.get(request.tx, actor, type_id))
    return ok({"volume_type": whole(request, kind)})


async def create(request: Request, body: NewTypeBody) -> Response:
    """Create a type."""
    if not body.name.strip():
        raise Invalid("Volume type name can not be empty.")
    return ok({"volume_type": view(request, await types.create(request.tx, body.name.strip(), body.fields()))})


async def update(request: Request, type_id: str, body: TypeChanges) -> Response:
    """Change name, description, or whether it is public."""
    shown = view(request, await types.update(request.tx, type_id, body.changes()))
    del shown["os-volume-type-access:is_public"]
    return ok({"volume_type": shown})


async def delete(request: Request, type_id: str) -> Response:
    """Remove a type that no volume is of."""
    await types.delete(request.tx, type_id)
    return accepted()
