"""The outbox: whoever changes what OVN must know says so here, in the same transaction."""

from __future__ import annotations

from ...kernel.db import Tx
from ..store import changes

NETWORK, PORT, ROUTER, GROUP = "network", "port", "router", "security_group"


INTERFACES = "interfaces"
"""The topic of what `ports.interfaces` shows: signalled with the server whose interfaces may look different, "" for any."""


async def record(tx: Tx, kind: str, object_id: str, device_id: str = "") -> None:
    """OVN must be told about this object, as it will be when this transaction is committed. `device_id` is whose port it is."""
    await changes.add(tx, kind, object_id)
    tx.signal("network", object_id)
    if kind != PORT or device_id:
        tx.signal(INTERFACES, device_id if kind == PORT else "")
