"""Importing image data. https://docs.openstack.org/api-ref/image/v2/#interoperable-image-import"""

from __future__ import annotations

from typing import Any

from ...kernel.errors import Invalid
from ...kernel.http import Request, Response, accepted, ok
from ..operations import imports, regions, tasks
from ..operations.imports import COPY, REGION, WEB, Import
from . import views
from .access import permitted


async def start(request: Request, image_id: str, body: dict[str, Any]) -> Response:
    """Begin an import."""
    wanted = _wanted(request, body)
    rule = "copy_image" if wanted.method == COPY else "modify_image"
    image = await permitted(request, request.tx, image_id, rule)
    if wanted.method == REGION:
        wanted = await regions.located(request.tx, request.parts, wanted, body["method"], request.header("X-Auth-Token") or "")
    await imports.start(request.tx, request.parts, request.actor, image, wanted)
    return accepted()


def _wanted(request: Request, body: dict[str, Any]) -> Import:
    """Which method, which stores. Raises Invalid."""
    method = body.get("method")
    name = method.get("name") if isinstance(method, dict) else None
    if not isinstance(name, str):
        raise Invalid("Import request requires a 'method' field with a 'name'.")
    if name not in request.parts.settings.imports.methods:
        raise Invalid(f"Unknown import method name '{name}'.")
    url = method.get("uri") if name == WEB and isinstance(method, dict) else None
    if name == WEB and not isinstance(url, str):
        raise Invalid("The method web-download requires a 'uri'.")
    every, must = _flag(body, "all_stores", False), _flag(body, "all_stores_must_succeed", True)
    return Import(name, body, _stores(request, body, every), every, must, url)


def _flag(body: dict[str, Any], name: str, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise Invalid(f"'{name}' must be boolean value only")
    return value


def _stores(request: Request, body: dict[str, Any], every: bool) -> list[str] | None:
    """The stores that are named, in the body or, one, in a header. Raises Invalid."""
    header = request.header("X-Image-Meta-Store")
    named = body.get("stores")
    if named is not None and (not isinstance(named, list) or not all(isinstance(name, str) for name in named)):
        raise Invalid("'stores' must be a list of names of stores.")
    if every and (named or header):
        raise Invalid("All_stores parameter can't be used with x-image-meta-store header or 'stores' parameter")
    if named and header:
        raise Invalid("Stores parameter and x-image-meta-store header can't be both specified")
    return named or ([header] if header else None)


async def of_image(request: Request, image_id: str) -> Response:
    """The import tasks of an image."""
    image = await permitted(request, request.tx, image_id, "get_image")
    return ok({"tasks": [views.task_of_image(task) for task in await tasks.of_image(request.tx, image)]})
