"""Placement on the wire, under `/placement`. https://docs.openstack.org/api-ref/placement/"""

from __future__ import annotations

from ...kernel.http import Service
from .faults import fault
from .routes import ROUTES
from .versions import VERSIONS


def service() -> Service:
    """Placement, ready to be mounted."""
    return Service("placement", "/placement", ROUTES, fault, versions=VERSIONS, holds="placement", only_routes=True)
