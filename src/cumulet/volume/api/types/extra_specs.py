"""What types ask of hosts. https://docs.openstack.org/api-ref/block-storage/v3/#volume-types-types"""

from __future__ import annotations

from msgspec import Struct

from ....kernel.errors import Invalid
from ....kernel.http import Request, Response, accepted, ok
from ...operations import types
from .types import Specs, view


class SpecsBody(Struct, forbid_unknown_fields=True):
    """Specs to be added."""

    extra_specs: Specs


async def index(request: Request, type_id: str) -> Response:
    """All specs of a type that the actor may see."""
    kind = await types.get(request.tx, request.actor, type_id)
    return ok({"extra_specs": view(request, kind)["extra_specs"]})


async def create(request: Request, type_id: str, body: SpecsBody) -> Response:
    """Add specs."""
    await types.set_specs(request.tx, type_id, body.extra_specs)
    return ok({"extra_specs": body.extra_specs})


async def show(request: Request, type_id: str, key: str) -> Response:
    """One spec that the actor may see."""
    kind = await types.get(request.tx, request.actor, type_id)
    return ok({key: types.spec(kind, key, view(request, kind)["extra_specs"])})


async def update(request: Request, type_id: str, key: str, body: Specs) -> Response:
    """Change one spec."""
    if set(body) != {key}:
        raise Invalid("Request body and URI mismatch: the body must hold exactly the key of the path.")
    await types.set_specs(request.tx, type_id, body)
    return ok(body)


async def delete(request: Request, type_id: str, key: str) -> Response:
    """Remove one spec."""
    await types.drop_spec(request.tx, type_id, key)
    return accepted()
