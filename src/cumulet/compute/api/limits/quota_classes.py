"""Default limits. https://docs.openstack.org/api-ref/compute/#quota-class-sets-os-quota-class-sets"""

from __future__ import annotations

from typing import Any

from ....kernel.errors import Invalid
from ....kernel.http import Request, Response, ok
from ...operations import quotas
from .resources import GROUPS, NO_INJECTED, Changes, hidden_in_classes, read, without


async def _limits(request: Request, name: str) -> dict[str, Any]:
    return without(await quotas.of_class(request.tx, name), hidden_in_classes(request.version or NO_INJECTED))


async def show(request: Request, name: str) -> Response:
    """The limits of a class."""
    return ok({"quota_class_set": {"id": name, **await _limits(request, name)}})


async def update(request: Request, name: str, body: Changes) -> Response:
    """Set limits of a class."""
    if len(name) > 255:
        raise Invalid("quota_class_name has more than 255 characters.")
    if "force" in body:
        raise Invalid("Additional properties are not allowed ('force' was unexpected).")
    wanted = read(body, {*await _limits(request, name), *GROUPS})
    await quotas.update_class(request.tx, name, wanted.limits)
    return ok({"quota_class_set": await _limits(request, name)})
