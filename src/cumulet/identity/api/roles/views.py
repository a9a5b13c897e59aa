"""Roles as JSON objects."""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request
from ...model import Role
from ..fields import self_link


def role(request: Request, r: Role) -> dict[str, Any]:
    """A role."""
    return {
        **r.extra,
        "id": r.id,
        "name": r.name,
        "domain_id": r.domain_id or None,
        "description": r.description or None,
        "options": r.options,
        "links": self_link(request, "roles", r.id),
    }


def named(request: Request, r: Role) -> dict[str, Any]:
    """A role by its id and name."""
    return {"id": r.id, "name": r.name, "links": self_link(request, "roles", r.id)}


def inference(request: Request, prior: Role, implied: Role | list[Role]) -> dict[str, Any]:
    """What a role implies."""
    shown = [named(request, one) for one in implied] if isinstance(implied, list) else named(request, implied)
    return {"prior_role": named(request, prior), "implies": shown}
