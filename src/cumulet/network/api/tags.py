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

    async def allow(self, request: Request, action: str) -> str:
        """The object's id. Raises NotFound unless the caller sees it, Forbidden unless its tags are the caller's business."""
        object_id = request.params[f"{self.noun}_id"]
        found = await self.get(request.tx, request.actor, object_id)
        owner: Any = getattr(found, "row", found)
        target = {"project_id": owner.project_id, "tenant_id": owner.project_id, "network:project_id": ""}
        target |= {"shared": getattr(owner, "shared", False), "router:external": getattr(owner, "external", False)}
        request.authorize(f"{action}_{self.noun}:tags", **target)
        return object_id

    async def index(self, request: Request) -> Response:
        """All tags."""
        object_id = await self.allow(request, "get")
        return ok({"tags": (await tags.of(request.tx, [object_id]))[object_id]})

    async def check(self, request: Request, tag: str) -> Response:
        """Whether the object has a tag."""
        await tags.require(request.tx, await self.allow(request, "get"), tag)
        return no_content()

    async def replace(self, request: Request) -> Response:
        """Set all tags."""
        object_id = await self.allow(request, "update")
        return ok({"tags": await tags.replace(request.tx, object_id, bodies.plain(request, bodies.TagList).tags)})

    async def add_several(self, request: Request) -> Response:
        """Add tags."""
        object_id = await self.allow(request, "create")
        return created({"tags": await tags.add(request.tx, object_id, bodies.plain(request, bodies.TagList).tags)})

    async def add(self, request: Request, tag: str) -> Response:
        """Add one."""
        await tags.add(request.tx, await self.allow(request, "update"), [tag])
        return created(None)

    async def remove(self, request: Request, tag: str) -> Response:
        """Remove one."""
        await tags.remove(request.tx, await self.allow(request, "delete"), tag)
        return no_content()

    async def clear(self, request: Request) -> Response:
        """Remove all."""
        await tags.clear(request.tx, await self.allow(request, "delete"))
        return no_content()


def routes(path: str, noun: str, get: Get) -> list[Route]:
    """The routes of one noun's tags."""
    tagged = Tagged(noun, get)
    every, single = f"{path}/{{{noun}_id}}/tags", f"{path}/{{{noun}_id}}/tags/{{tag}}"
    return [
        Route("GET", every, tagged.index, f"get_{noun}:tags"),
        Route("PUT", every, tagged.replace, f"update_{noun}:tags"),
        Route("POST", every, tagged.add_several, f"create_{noun}:tags"),
        Route("DELETE", every, tagged.clear, f"delete_{noun}:tags"),
        Route("GET", single, tagged.check, f"get_{noun}:tags"),
        Route("PUT", single, tagged.add, f"update_{noun}:tags"),
        Route("DELETE", single, tagged.remove, f"delete_{noun}:tags"),
    ]
