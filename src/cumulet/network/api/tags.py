"""Tags of any noun. https://docs.openstack.org/api-ref/network/v2/#tag-extension-tags"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from ...kernel.db import Reader
from ...kernel.http import Request, Response, Route, created, no_content, ok
from ...kernel.policy import Actor
from ..operations import tags
from . import bodies

Get = Callable[[Reader, Actor, str], Awaitable[Any]]


class Tagged(Struct, frozen=True):
    """A noun that can have tags: its name in rules, and how one of it is found. A port's row holds its project."""

    noun: str
    get: Get

    async def allow(self, request: Request, action: str, object_id: str) -> None:
        """Raise NotFound unless the caller sees the object, Forbidden unless its tags are the caller's business."""
        found = await self.get(request.tx, request.actor, object_id)
        owner: Any = getattr(found, "row", found)
        target = {"project_id": owner.project_id, "tenant_id": owner.project_id, "network:project_id": ""}
        target |= {"shared": getattr(owner, "shared", False), "router:external": getattr(owner, "external", False)}
        request.authorize(f"{action}_{self.noun}:tags", **target)


def routes(path: str, tagged: Tagged) -> list[Route]:
    """The routes of one noun's tags."""
    noun, every, single = tagged.noun, f"{path}/{{object_id}}/tags", f"{path}/{{object_id}}/tags/{{tag}}"

    async def index(request: Request, object_id: str) -> Response:
        await tagged.allow(request, "get", object_id)
        return ok({"tags": (await tags.of(request.tx, [object_id]))[object_id]})

    async def check(request: Request, object_id: str, tag: str) -> Response:
        await tagged.allow(request, "get", object_id)
        await tags.require(request.tx, object_id, tag)
        return no_content()

    async def replace(request: Request, object_id: str) -> Response:
        await tagged.allow(request, "update", object_id)
        return ok({"tags": await tags.replace(request.tx, object_id, bodies.plain(request, bodies.TagList).tags)})

    async def add_several(request: Request, object_id: str) -> Response:
        await tagged.allow(request, "create", object_id)
        return created({"tags": await tags.add(request.tx, object_id, bodies.plain(request, bodies.TagList).tags)})

    async def add(request: Request, object_id: str, tag: str) -> Response:
        await tagged.allow(request, "update", object_id)
        await tags.add(request.tx, object_id, [tag])
        return created(None)

    async def remove(request: Request, object_id: str, tag: str) -> Response:
        await tagged.allow(request, "delete", object_id)
        await tags.remove(request.tx, object_id, tag)
        return no_content()

    async def clear(request: Request, object_id: str) -> Response:
        await tagged.allow(request, "delete", object_id)
        await tags.clear(request.tx, object_id)
        return no_content()

    return [
        Route("GET", every, index, f"get_{noun}:tags"),
        Route("PUT", every, replace, f"update_{noun}:tags"),
        Route("POST", every, add_several, f"create_{noun}:tags"),
        Route("DELETE", every, clear, f"delete_{noun}:tags"),
        Route("GET", single, check, f"get_{noun}:tags"),
        Route("PUT", single, add, f"update_{noun}:tags"),
        Route("DELETE", single, remove, f"delete_{noun}:tags"),
    ]
