"""Limits as JSON objects."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel.http import Request
from ...model import Limit, RegisteredLimit
from ..fields import self_link


def registered(request: Request, limit: RegisteredLimit) -> dict[str, Any]:
    """A registered limit."""
    return {**msgspec.structs.asdict(limit), "links": self_link(request, "registered_limits", limit.id)}


def limit(request: Request, one: Limit) -> dict[str, Any]:
    """A limit."""
    return {**msgspec.structs.asdict(one), "links": self_link(request, "limits", one.id)}
