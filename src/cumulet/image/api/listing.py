"""Images as their readers see them: one, or many of which most were written before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...kernel.http import Request
from ..model import Image, Key
from ..operations import images
from . import views
from .access import all_shown, reader, visible


def view(request: Request, image: Image) -> dict[str, Any]:
    """An image as the caller sees it; with its locations, where users see those."""
    shown = views.image(visible(request, image), request.parts.stores)
    if request.parts.settings.show_locations:
        shown["locations"] = views.locations(request.parts.stores, image)
    return shown


async def texts(request: Request, keys: Sequence[Key]) -> list[bytes]:
    """Each image as JSON, from what was written before where that still holds. One that is gone by now is left out.

    The others are read, and whether they are shown is asked once more: they may have changed since their keys were read.
    """
    rendered, variant = request.parts.rendered, reader(request)
    found = rendered.find(variant, all_shown(request, keys))
    missing = [image_id for image_id, text in found.items() if text is None]
    for image in all_shown(request, await images.many(request.tx, request.actor, missing)):
        text = found[image.id] = msgspec.json.encode(view(request, image))
        rendered.keep(variant, image, text)
    return [text for text in found.values() if text is not None]
