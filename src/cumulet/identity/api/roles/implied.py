"""What roles imply. https://docs.openstack.org/api-ref/identity/v3/#roles"""

from __future__ import annotations

from ....kernel.http import Request, Response, created, no_content, ok
from ...operations.roles import roles
from . import views


async def index(request: Request, role_id: str) -> Response:
    """What a role implies directly."""
    prior = await roles.get(request.reader, role_id)
    implied = [role for _, found in await roles.implied_by(request.reader, role_id) for role in found]
    links = {"self": request.url(f"/v3/roles/{role_id}/implies")}
    return ok({"role_inference": views.inference(request, prior, implied), "links": links})


async def create(request: Request, role_id: str, implied_id: str) -> Response:
    """Make a role imply another."""
    prior, implied = await roles.imply(request.tx, role_id, implied_id)
    return created({"role_inference": views.inference(request, prior, implied)})


async def show(request: Request, role_id: str, implied_id: str) -> Response:
    """Show one implication."""
    prior, implied = await roles.implication(request.reader, role_id, implied_id)
    return ok({"role_inference": views.inference(request, prior, implied)})


async def check(request: Request, role_id: str, implied_id: str) -> Response:
    """204 if a role implies another, else 404."""
    await roles.implication(request.reader, role_id, implied_id)
    return no_content()


async def delete(request: Request, role_id: str, implied_id: str) -> Response:
    """End an implication."""
    await roles.unimply(request.tx, role_id, implied_id)
    return no_content()


async def everything(request: Request) -> Response:
    """Every implication."""
    found = [views.inference(request, prior, implied) for prior, implied in await roles.implied_by(request.reader)]
    return ok({"role_inferences": found, "links": {"self": request.url("/v3/role_inferences")}})
