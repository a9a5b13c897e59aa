"""Start a stopped server where it is."""

from __future__ import annotations

from ....kernel.db import Tx
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ...model import Entry
from ..steps.booting import load_boot
from ..steps.making import destroy_started, start_guest
from .outcome import failed, mark_running


@step
async def start_failed(tx: Tx, server_id: str, entry: Entry, failure: Failure) -> None:
    """See `outcome.failed`."""
    await failed(tx, server_id, entry, failure)


@workflow(resource="server", deadline=minutes(15), on_failure=start_failed)
async def start_server(wf: Workflow, server_id: str, entry: Entry) -> None:
    """Its definition is made anew from what is stored."""
    boot = await wf.step(load_boot, server_id)
    await wf.step(start_guest, boot.guest, boot.claim, boot.home, [], undo=destroy_started)
    await wf.finish(mark_running, server_id, entry)
