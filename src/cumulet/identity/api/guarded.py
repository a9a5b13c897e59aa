"""Routes below /v3 that a rule of identity's guards."""

from __future__ import annotations

from ...kernel.http import PUBLIC, Route
from ...kernel.http.routes import Handler, Target
from . import targets


def guarded(method: str, path: str, handler: Handler, rule: str, wrap: str | None = None, target: Target | None = None) -> Route:
    """A route below /v3. What the rule's target reads depends on the path, unless it is named."""
    if target is None and "{" in path:
        target = targets.of_path
    return Route(method, f"/v3{path}", handler, rule if rule == PUBLIC else f"identity:{rule}", wrap=wrap, target=target)
