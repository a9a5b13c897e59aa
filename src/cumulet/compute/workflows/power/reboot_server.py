"""Reboot a server."""

from __future__ import annotations

from ....kernel.db import Tx
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ...model import Entry
from ..steps.booting import load_boot
from ..steps.making import destroy_guest, start_guest, stop_guest
from .outcome import failed, mark_running
from .stop_server import GRACE_SECONDS


@step
async def reboot_failed(tx: Tx, server_id: str, entry: Entry, hard: bool, failure: Failure) -> None:
    """See `outcome.failed`."""
    await failed(tx, server_id, entry, failure)


@workflow(resource="server", deadline=minutes(15), on_failure=reboot_failed)
async def reboot_server(wf: Workflow, server_id: str, entry: Entry, hard: bool) -> None:
    """A soft reboot asks the guest first; a hard one cuts its power and forgets its definition. Both define it anew."""
    boot = await wf.step(load_boot, server_id)
    if not hard:
        await wf.step(stop_guest, server_id, boot.home, GRACE_SECONDS)
    await wf.step(destroy_guest, server_id, boot.home)
    await wf.step(start_guest, boot.guest, boot.claim, boot.home, [])
    await wf.finish(mark_running, server_id, entry)
