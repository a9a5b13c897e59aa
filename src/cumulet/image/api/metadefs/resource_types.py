"""Types of resources, and which namespaces speak of them."""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, created, no_content, ok
from ...metadefs import AssociationDocument, read
from ...operations.metadefs import resource_types
from . import views
from .access import permitted


async def index(request: Request) -> Response:
    """List types."""
    return ok({"resource_types": [views.resource_type(one) for one in await resource_types.types(request.tx)]})


async def show(request: Request, namespace: str) -> Response:
    """List a namespace's associations."""
    owner = await permitted(request, namespace, "list_metadef_resource_types", "get_metadef_resource_type")
    found = (await resource_types.of(request.tx, [owner]))[owner.id]
    return ok({"resource_type_associations": [views.association(one) for one in found]})


async def create(request: Request, namespace: str, body: dict[str, Any]) -> Response:
    """Associate a type."""
    wanted = read(AssociationDocument, body)
    owner = await permitted(request, namespace, "add_metadef_resource_type_association")
    return created(views.association(await resource_types.associate(request.tx, owner, wanted)))


async def delete(request: Request, namespace: str, name: str) -> Response:
    """End an association."""
    owner = await permitted(request, namespace, "remove_metadef_resource_type_association")
    await resource_types.dissociate(request.tx, owner, name)
    return no_content()
