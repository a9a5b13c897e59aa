"""The event of a request that changed something, worked out from its route: the rule's name says what was done to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from .events import Event

if TYPE_CHECKING:
    from ..http.request import Request
    from ..http.responses import Response

MOST_FIELDS, LONGEST = 50, 64
_DONE = {"create": "created", "update": "updated", "delete": "deleted"}


def of_request(service: str, rule: str, request: Request, response: Response) -> Event:
    """`identity:update_user` gives `updated.user`; the target is what was made, or what the path names last."""
    name = rule.rpartition(":")[2]
    verb, _, noun = name.partition("_")
    shown = _shown(response.view)
    params = list(request.params.values())
    target_id = _text(shown.get("id")) or (params[-1] if params else "")
    details: dict[str, Any] = {"request": {"method": request.method, "path": request.path}}
    fields = _fields(request.raw)
    if fields:
        details["fields"] = fields
    if isinstance(shown.get("name"), str):
        details["name"] = shown["name"]
    return Event(
        service=service,
        action=f"{_DONE[verb]}.{noun}" if verb in _DONE and noun else name,
        user_id=request.actor.user_id or "unknown",
        project_id=request.actor.project_id,
        target_type=f"data/{service}/{noun or name}",
        target_id=target_id,
        details=details,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _shown(view: Any) -> Mapping[str, Any]:
    """The resource in an answer: `{"user": {…}}`, or `{"id": …}`; of several that were made at once, the first."""
    if isinstance(view, msgspec.Struct):
        view = msgspec.to_builtins(view)
    if isinstance(view, dict) and isinstance(view.get("id"), str):
        return view
    inner = next(iter(view.values()), None) if isinstance(view, dict) and view else None
    if isinstance(inner, list) and inner:
        inner = inner[0]
    return inner if isinstance(inner, dict) else {}


def _fields(raw: bytes) -> list[str]:
    """The names of the fields that a client sent, never their values."""
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return []
    inner = next(iter(body.values()), None) if isinstance(body, dict) and len(body) == 1 else body
    return sorted(name[:LONGEST] for name in inner)[:MOST_FIELDS] if isinstance(inner, dict) else []
