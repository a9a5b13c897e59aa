"""Image on the wire: the Glance v2 API, under `/image`."""

from __future__ import annotations

from ...kernel.http import Service
from ..parts import Parts
from .faults import fault
from .metadefs.routes import ROUTES as METADEFS
from .routes import ROUTES
from .schemas import ROUTES as SCHEMAS


def service(parts: Parts) -> Service:
    """Image, ready to be mounted."""
    return Service("image", "/image", [*ROUTES, *SCHEMAS, *METADEFS], fault, parts=parts)
