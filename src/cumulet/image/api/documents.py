"""What this service can do. https://docs.openstack.org/api-ref/image/v2/#image-service-info-discovery"""

from __future__ import annotations

from ...kernel.http import Request, Response, ok
from .. import quotas


async def usage(request: Request) -> Response:
    """The caller's project's usage against its limits, as far as any are registered."""
    return ok({"usage": await quotas.shown(request.tx, request.actor.project_id or "")})
