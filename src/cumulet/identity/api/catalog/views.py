"""The catalog's parts as JSON objects."""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request
from ...model import CatalogService, Endpoint, EndpointGroup, Region
from ..fields import self_link


def region(request: Request, r: Region) -> dict[str, Any]:
    """A region."""
    return {
        **r.extra,
        "id": r.id,
        "description": r.description,
        "parent_region_id": r.parent_region_id,
        "links": self_link(request, "regions", r.id),
    }


def service(request: Request, s: CatalogService) -> dict[str, Any]:
    """A service."""
    return {
        **s.extra,
        "id": s.id,
        "type": s.type,
        "name": s.name,
        "description": s.description,
        "enabled": s.enabled,
        "links": self_link(request, "services", s.id),
    }


def endpoint(request: Request, e: Endpoint) -> dict[str, Any]:
    """An endpoint."""
    return {
        **e.extra,
        "id": e.id,
        "service_id": e.service_id,
        "region_id": e.region_id,
        "region": e.region_id,
        "interface": e.interface,
        "url": e.url,
        "enabled": e.enabled,
        "links": self_link(request, "endpoints", e.id),
    }


def endpoint_group(request: Request, g: EndpointGroup) -> dict[str, Any]:
    """A group of endpoints."""
    return {
        "id": g.id,
        "name": g.name,
        "description": g.description,
        "filters": g.filters,
        "links": self_link(request, "OS-EP-FILTER/endpoint_groups", g.id),
    }
