"""Where volumes can be: the availability zone, its hosts, the one volume type."""

from __future__ import annotations

from typing import Any

from ...kernel.db import Reader
from ...kernel.errors import NotFound
from ...placement.operations import hosts
from ..model import DEFAULT_TYPE_ID, DEFAULT_TYPE_NAME


async def available(tx: Reader) -> bool:
    """Whether any host is up."""
    return bool(await hosts.alive(tx))


async def services(tx: Reader) -> list[dict[str, Any]]:
    """Every host as a volume service."""
    alive = {host.id for host in await hosts.alive(tx)}
    return [
        {
            "binary": "cinder-volume",
            "host": f"{host.id}@files",
            "zone": "nova",
            "status": "enabled" if host.enabled else "disabled",
            "state": "up" if host.id in alive else "down",
            "updated_at": tx.stamp,
            "disabled_reason": host.disabled_reason,
        }
        for host in await hosts.list(tx)
    ]


def require_type(type_id: str) -> None:
    """Raise NotFound unless this names the volume type."""
    if type_id not in (DEFAULT_TYPE_ID, DEFAULT_TYPE_NAME, "default"):
        raise NotFound(f"Volume type {type_id} could not be found.")
