"""The cache API, of a service that keeps no cache (decision 35): answered as Glance does where none is configured.

https://docs.openstack.org/api-ref/image/v2/#cache-manage
"""

from __future__ import annotations

from ...kernel.errors import NotFound
from ...kernel.http import Request, Response


async def refuse(request: Request) -> Response:
    """404, whatever was asked."""
    raise NotFound("Caching via API is not supported at this site.")
