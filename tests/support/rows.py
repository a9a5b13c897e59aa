"""Rows that are in a database without anybody having asked for them."""

from __future__ import annotations

from typing import Any

from cumulet.compute.model import BUILDING, Server

INSTANT = "2026-01-01T00:00:00.000000"


def server_row(identity: str, **changes: Any) -> Server:
    """A server that is nowhere yet."""
    plain: dict[str, Any] = dict.fromkeys(Server.__struct_fields__)
    texts = dict.fromkeys(("password", "flavor_id", "project_id", "user_id"), "")
    plain |= {**texts, "id": identity, "name": identity, "hostname": identity, "state": BUILDING, "power": 0, "version": 0}
    plain |= {"image_properties": {}, "flavor": {}, "hints": {}, "metadata": {}, "tags": [], "personality": []}
    plain |= {"config_drive": False, "disk_config": "MANUAL", "root_device": "/dev/vda", "reservation_id": "r-1", "launch_index": 0}
    plain |= dict.fromkeys(("created_at", "updated_at", "power_at"), INSTANT)
    return Server(**{**plain, **changes})
