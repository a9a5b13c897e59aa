"""The outbox: whoever changes what OVN must know says so here, in the same transaction."""

from __future__ import annotations

from ...kernel.db import Tx
from ..store import changes

NETWORK, PORT, ROUTER, GROUP = "network", "port", "router", "security_group"


async def record(tx: Tx, kind: str, object_id: str) -> None:
    """OVN must be told about this object, as it will be when this transaction is committed."""
    await changes.add(tx, kind, object_id)
    tx.signal("network", object_id)
