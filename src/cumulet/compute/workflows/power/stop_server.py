"""Shut a server down."""

from __future__ import annotations

from ....kernel.db import Tx
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ...model import Entry
from ..steps.home import find_home
from ..steps.making import stop_guest
from .outcome import failed, mark_stopped

GRACE_SECONDS = 60.0
"""How long a guest may take to shut down by itself; upstream's default."""


@step
async def stop_failed(tx: Tx, server_id: str, entry: Entry, failure: Failure) -> None:
    """See `outcome.failed`."""
    await failed(tx, server_id, entry, failure)


@workflow(resource="server", deadline=minutes(15), on_failure=stop_failed)
async def stop_server(wf: Workflow, server_id: str, entry: Entry) -> None:
    """By ACPI, and by force if the guest does not listen."""
    home = await wf.step(find_home, server_id)
    await wf.step(stop_guest, server_id, home, GRACE_SECONDS)
    await wf.finish(mark_stopped, server_id, entry)
