"""Usages. https://docs.openstack.org/api-ref/placement/#usages"""

from __future__ import annotations

import re

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response
from ..operations import inventories, providers, usages
from . import bodies, queries
from .answers import shown

RULE = "placement:usages"


async def of_provider(request: Request, provider_id: str) -> Response:
    """How much is claimed of what a provider has."""
    provider = await providers.get(request.tx, provider_id)
    used = {name: figures.used for name, figures in (await inventories.usage(request.tx, provider_id)).items()}
    return shown(request, {"resource_provider_generation": provider.generation, "usages": used})


async def total(request: Request) -> Response:
    """How much a project or one of its users holds; by type of consumer since 1.38."""
    typed = queries.speaks(request, bodies.TYPES)
    request.authorize(RULE, project_id=request.asked("project_id"))
    project_id, user_id, kind = _asked(request, typed)
    if not typed:
        return shown(request, {"usages": await usages.of_project(request.tx, project_id, user_id)})
    found = await usages.by_type(request.tx, project_id, user_id, kind)
    listed = {name: {**usage.resources, "consumer_count": usage.consumers} for name, usage in found.items()}
    return shown(request, {"usages": listed})


def _asked(request: Request, typed: bool) -> tuple[str, str | None, str | None]:
    queries.only(request, ("project_id", "user_id", *(("consumer_type",) if typed else ())))
    project_id, user_id, kind = (request.asked(name) for name in ("project_id", "user_id", "consumer_type"))
    if not project_id or len(project_id) > 255:
        raise Invalid("Invalid query string parameters: 'project_id' is required and has from 1 to 255 characters.")
    if user_id is not None and not 1 <= len(user_id) <= 255:
        raise Invalid("Invalid query string parameters: 'user_id' has from 1 to 255 characters.")
    if kind is not None and (len(kind) > 255 or not re.fullmatch(r"[A-Z0-9_]+|all|unknown", kind)):
        raise Invalid(f"Invalid query string parameters: 'consumer_type' {kind} does not match ^[A-Z0-9_]+$, all or unknown.")
    return project_id, user_id, kind
