"""What operators note about flavors. https://docs.openstack.org/api-ref/compute/#flavors-extra-specs-flavors-os-flavor-extra-specs"""

from __future__ import annotations

from msgspec import Struct

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Request, Response, Version, ok
from ...operations import flavors
from .. import values as v

CHECKED = Version(2, 86)
Spec = str | int | float


class ExtraSpecs(Struct, kw_only=True, forbid_unknown_fields=True):
    """Some extra specs."""

    extra_specs: dict[v.MetadataKey, Spec]


def _texts(specs: dict[str, Spec]) -> dict[str, str]:
    """The values as text: numbers are welcome, and kept as they were written. Raises Invalid for one that is too long."""
    found = {name: str(value) for name, value in specs.items()}
    long = next((name for name, value in found.items() if len(value) > 255), None)
    if long is not None:
        raise v.wrong(f"extra_specs.{long}", found[long], "It is longer than 255 characters.")
    return found


def _checked(request: Request) -> bool:
    return (request.version or CHECKED) >= CHECKED


async def index(request: Request, flavor_id: str) -> Response:
    """All of a flavor's."""
    return ok({"extra_specs": (await flavors.get(request.tx, request.actor, flavor_id)).extra_specs})


async def show(request: Request, flavor_id: str, key: str) -> Response:
    """One of a flavor's."""
    flavor = await flavors.get(request.tx, request.actor, flavor_id)
    if key not in flavor.extra_specs:
        raise NotFound(f"Flavor {flavor_id} has no extra specs with key {key}.")
    return ok({key: flavor.extra_specs[key]})


async def create(request: Request, flavor_id: str, body: ExtraSpecs) -> Response:
    """Set some, leave the others."""
    specs = _texts(body.extra_specs)
    await flavors.set_extra_specs(request.tx, flavor_id, specs, _checked(request))
    return ok({"extra_specs": specs})


async def update(request: Request, flavor_id: str, key: str, body: dict[v.MetadataKey, Spec]) -> Response:
    """Set one."""
    if len(body) != 1:
        raise Invalid("Invalid input for field/attribute body. The body must have exactly one extra spec.")
    if key not in body:
        raise Invalid("Request body and URI mismatch")
    specs = _texts(body)
    await flavors.set_extra_specs(request.tx, flavor_id, specs, _checked(request))
    return ok(specs)


async def delete(request: Request, flavor_id: str, key: str) -> Response:
    """Forget one."""
    await flavors.drop_extra_spec(request.tx, flavor_id, key)
    return ok(None)
