"""Writing into a server's log how something ended."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel.db import Tx
from ....kernel.workflow import Failure
from ...model import Entry, Event
from ...store import actions

_EVENTS = {
    "create": "compute__do_build_and_run_instance",
    "delete": "compute_terminate_instance",
    "reboot": "compute_reboot_instance",
    "start": "compute_start_instance",
    "stop": "compute_stop_instance",
    "createImage": "compute_snapshot_instance",
    "attach_volume": "compute_attach_volume",
    "detach_volume": "compute_detach_volume",
    "attach_interface": "compute_attach_interface",
    "detach_interface": "compute_detach_interface",
}
"""Upstream's names of what its hosts do, by action."""


async def ended(tx: Tx, entry: Entry, host: str | None, failure: Failure | None = None) -> None:
    """The action is over: well, or with a failure."""
    event = Event(
        event=_EVENTS.get(entry.action, f"compute_{entry.action}_instance"),
        start_time=entry.started_at,
        finish_time=tx.stamp,
        result="Error" if failure else "Success",
        host=host,
        details=failure.message if failure else None,
        traceback=(failure.internal or failure.message) if failure else None,
    )
    events: list[dict[str, Any]] = [msgspec.to_builtins(event)]
    await actions.finish(tx, (entry.server_id, entry.request_id, entry.action), "Error" if failure else None, events)
