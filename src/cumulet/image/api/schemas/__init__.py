"""JSON schemas: what documents of this service look like. https://docs.openstack.org/api-ref/image/v2/#image-schemas"""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, Route, ok
from . import images, metadefs, tasks

_SCHEMAS: dict[str, dict[str, Any]] = {
    "image": images.IMAGE,
    "images": images.IMAGES,
    "member": images.MEMBER,
    "members": images.MEMBERS,
    "task": tasks.TASK,
    "tasks": tasks.TASKS,
    "metadefs/namespace": metadefs.NAMESPACE,
    "metadefs/namespaces": metadefs.NAMESPACES,
    "metadefs/resource_type": metadefs.RESOURCE_TYPE,
    "metadefs/resource_types": metadefs.RESOURCE_TYPES,
    "metadefs/property": metadefs.PROPERTY,
    "metadefs/properties": metadefs.PROPERTIES,
    "metadefs/object": metadefs.OBJECT,
    "metadefs/objects": metadefs.OBJECTS,
    "metadefs/tag": metadefs.TAG,
    "metadefs/tags": metadefs.TAGS,
}


async def show(request: Request) -> Response:
    """The schema that the path names."""
    return ok(_SCHEMAS[request.path.partition("/v2/schemas/")[2]])


ROUTES = [Route("GET", f"/v2/schemas/{name}", show, "default") for name in _SCHEMAS]
