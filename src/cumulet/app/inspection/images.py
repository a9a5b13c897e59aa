"""Deleted images, as operators see them and bring them back."""

from __future__ import annotations

from ...image.operations.upkeep import deleted
from ...kernel.http import Request, Response, Route, no_content, ok


async def index(request: Request) -> Response:
    """The deleted images that may still have bytes, the latest first."""
    return ok({"images": await deleted.listing(request.tx, request.parts.images.settings.grace)})


async def restore(request: Request, image: str) -> Response:
    """Bring one back as it was."""
    await deleted.restore(request.parts.images, image)
    return no_content()


ROUTES = [
    Route("GET", "/v1/images/deleted", index, "operator:explain"),
    Route("POST", "/v1/images/{image}/restore", restore, "operator:mend", tx="none"),
]
