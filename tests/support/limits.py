"""Unified limits, written where identity keeps them."""

from __future__ import annotations

from cumulet.identity.model import CatalogService, RegisteredLimit
from cumulet.identity.store import catalog, limits
from cumulet.kernel import ids
from cumulet.kernel.db import Database, values


async def register(db: Database, service_type: str, **amounts: int) -> str:
    """Register limits for everybody; returns the service's id."""
    service = CatalogService(id=ids.new_hex(), type=service_type, name=service_type, description="", enabled=True, extra={})
    async with db.tx() as tx:
        await tx.do(catalog.INSERT_SERVICE, **values(service))
        for name, amount in amounts.items():
            limit = RegisteredLimit(ids.new_hex(), service.id, None, name, amount, None)
            await limits.add_registered(tx, limit)
    return service.id
