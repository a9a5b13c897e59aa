"""Resource classes. https://docs.openstack.org/api-ref/placement/#resource-classes"""

from __future__ import annotations

from typing import Any

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, no_content
from ..operations import classes
from . import bodies
from .answers import located, newest, shown


def _path(request: Request, name: str) -> str:
    return f"{request.mount}/resource_classes/{name}"


def _view(request: Request, name: str) -> dict[str, Any]:
    return {"name": name, "links": [{"rel": "self", "href": _path(request, name)}]}


async def create(request: Request, body: bodies.NewClass) -> Response:
    """Create a custom class."""
    await classes.create(request.tx, body.name)
    return Response(201, None, located(request, _path(request, body.name)))


async def index(request: Request) -> Response:
    """List every class."""
    found = await classes.list_all(request.tx)
    return shown(request, {"resource_classes": [_view(request, name) for name in found]}, newest(found.values()))


async def show(request: Request, name: str) -> Response:
    """Show a class."""
    since = await classes.get(request.tx, name)
    return shown(request, _view(request, name), since)


async def rename(request: Request, name: str, body: bodies.NewClass) -> Response:
    """Change the name of a custom class, up to 1.6."""
    await classes.rename(request.tx, name, body.name)
    return Response(200, _view(request, body.name))


async def ensure(request: Request, name: str) -> Response:
    """Create a custom class unless it is there, since 1.7."""
    if not bodies.is_custom(name):
        raise Invalid(f"Invalid resource class name {name}: it must match ^CUSTOM_[A-Z0-9_]+$ and have at most 255 characters.")
    added = await classes.ensure(request.tx, name)
    return Response(201 if added else 204, None, located(request, _path(request, name)))


async def delete(request: Request, name: str) -> Response:
    """Delete a custom class."""
    await classes.delete(request.tx, name)
    return no_content()
