"""Block storage on the wire: the Cinder v3 API, under `/volume`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ...kernel.http import Service
from .faults import fault
from .routes import ROUTES
from .versions import VERSIONS


class Parts(Struct, frozen=True):
    """What volume's handlers need beside the transaction: where images' bytes are."""

    image_store: Any


def service(image_store: Any) -> Service:
    """Block storage, ready to be mounted."""
    return Service("volume", "/volume", ROUTES, fault, VERSIONS, project_prefix="/v3", parts=Parts(image_store))
