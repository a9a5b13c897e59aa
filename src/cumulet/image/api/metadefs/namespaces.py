"""Namespaces."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from ....kernel.errors import Invalid
from ....kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ....kernel.http.paging import next_page
from ... import metadefs
from ...operations.metadefs import items, namespaces, resource_types
from . import views
from .access import permitted, shows

_SORTS = ("created_at", "updated_at", "namespace", "display_name", "visibility", "owner")


def _visibility(text: str) -> str:
    if text not in ("public", "private"):
        raise Invalid(f"Invalid visibility value: {text}")
    return text


PAGING = Paging(
    filters={
        "visibility": Filter("visibility", read=_visibility),
        "resource_types": Filter("resource_types", "in", lambda text: text.split(",")),
    },
    sorts={name: name for name in _SORTS},
    always_limit=True,
    descending=True,
)


async def index(request: Request) -> Response:
    """List namespaces, with the types of resources that they speak of."""
    request.authorize("list_metadef_resource_types")
    page = PAGING.page(request)
    found = await namespaces.page(request.tx, request.actor, page)
    seen = [namespace for namespace in found if shows(request, namespace)]
    associations = await resource_types.of(request.tx, seen)
    asked = {name: values for name, values in request.query.items() if name != "marker"}
    view: dict[str, Any] = {"namespaces": [views.namespace(one, associations[one.id]) for one in seen]}
    view["first"] = f"{views.PATH}?{urlencode(asked, doseq=True)}" if asked else views.PATH
    if found and len(found) == page.limit:
        view["next"] = next_page(request, views.PATH, found[-1].namespace)
    return ok({**view, "schema": "/v2/schemas/metadefs/namespaces"})


async def create(request: Request, body: dict[str, Any]) -> Response:
    """Make a namespace with everything that the document puts into it."""
    wanted = metadefs.read(metadefs.NamespaceDocument, body)
    parts = {"resource_type_association": wanted.resource_type_associations, "object": wanted.objects}
    parts |= {"property": wanted.properties, "tag": wanted.tags}
    for rule in ("namespace", *(part for part, given in parts.items() if given)):
        request.authorize(f"add_metadef_{rule}")
    made = await namespaces.create(request.tx, request.actor, wanted)
    return created(await _whole(request, made), location=request.url(f"{views.PATH}/{made.namespace}"))


async def _whole(request: Request, namespace: metadefs.Namespace) -> dict[str, Any]:
    associations = await resource_types.of(request.tx, [namespace])
    return views.namespace(namespace, associations[namespace.id], await items.everything(request.tx, namespace))


async def show(request: Request, namespace: str) -> Response:
    """Show a namespace with everything in it; `resource_type` in the query asks for names as they are on such resources."""
    rules = ("list_metadef_resource_types", "get_metadef_objects", "get_metadef_properties", "get_metadef_tags")
    shown = await _whole(request, await permitted(request, namespace, "get_metadef_namespace", *rules))
    return ok(views.prefixed(shown, request.asked("resource_type") or ""))


async def update(request: Request, namespace: str, body: dict[str, Any]) -> Response:
    """Say anew what a namespace is."""
    wanted = metadefs.read(metadefs.NamespaceDocument, body)
    before = await permitted(request, namespace, "modify_metadef_namespace")
    return ok(views.namespace(await namespaces.update(request.tx, request.actor, before, wanted)))


async def delete(request: Request, namespace: str) -> Response:
    """Delete a namespace with everything in it."""
    await namespaces.delete(request.tx, await permitted(request, namespace, "delete_metadef_namespace"))
    return no_content()


async def delete_objects(request: Request, namespace: str) -> Response:
    """Delete every object."""
    found = await permitted(request, namespace, "delete_metadef_namespace")
    await namespaces.empty(request.tx, found, metadefs.OBJECT)
    return no_content()


async def delete_properties(request: Request, namespace: str) -> Response:
    """Delete every property."""
    found = await permitted(request, namespace, "delete_metadef_namespace")
    await namespaces.empty(request.tx, found, metadefs.PROPERTY)
    return no_content()


async def delete_tags(request: Request, namespace: str) -> Response:
    """Delete every tag."""
    found = await permitted(request, namespace, "delete_metadef_namespace", "delete_metadef_tags")
    await namespaces.empty(request.tx, found, metadefs.TAG)
    return no_content()
