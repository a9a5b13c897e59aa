"""Who may do what to which namespace: upstream's rules, asked with the namespace as target."""

from __future__ import annotations

from typing import Any

from ....kernel.errors import NotFound
from ....kernel.http import Request
from ...metadefs import Namespace
from ...operations.metadefs import namespaces


def _target(namespace: Namespace) -> dict[str, Any]:
    return {"project_id": namespace.owner, "visibility": namespace.visibility}


def shows(request: Request, namespace: Namespace) -> bool:
    """Whether a namespace that the caller's project can see is shown to him."""
    return request.allows("get_metadef_namespace", **_target(namespace))


async def permitted(request: Request, name: str, *rules: str) -> Namespace:
    """A namespace to which the caller may do what these rules guard. Raises NotFound if he may not even see it, Forbidden."""
    found = await namespaces.get(request.tx, request.actor, name)
    if not shows(request, found):
        raise NotFound(f"Metadata definition namespace {name} not found")
    for rule in rules:
        request.authorize(rule, **_target(found))
    return found
