"""Which projects may use private flavors. https://docs.openstack.org/api-ref/compute/#list-flavor-access-information-for-given-flavor"""

from __future__ import annotations

from msgspec import Struct

from ....kernel.http import Request, Response, Version, ok
from ...operations import flavors
from .. import values as v

PUBLIC_REFUSED = Version(2, 7)


class Tenant(Struct, kw_only=True, forbid_unknown_fields=True):
    """A project."""

    tenant: v.Text255


def _view(flavor_id: str, projects: list[str]) -> dict[str, list[dict[str, str]]]:
    return {"flavor_access": [{"flavor_id": flavor_id, "tenant_id": project} for project in projects]}


async def index(request: Request, flavor_id: str) -> Response:
    """The projects that may use a private flavor."""
    return ok(_view(flavor_id, await flavors.access(request.tx, flavor_id)))


async def add(request: Request, flavor_id: str, body: Tenant) -> Response:
    """Let one more project use it."""
    refuse_public = (request.version or PUBLIC_REFUSED) >= PUBLIC_REFUSED
    return ok(_view(flavor_id, await flavors.allow(request.tx, flavor_id, body.tenant, refuse_public)))


async def remove(request: Request, flavor_id: str, body: Tenant) -> Response:
    """Let one project less use it."""
    return ok(_view(flavor_id, await flavors.forbid(request.tx, flavor_id, body.tenant)))
