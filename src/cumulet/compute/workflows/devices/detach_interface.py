"""Take a port from a server."""

from __future__ import annotations

from ....kernel.db import Tx
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ....network.operations import ports
from ...model import Entry
from ...store import servers
from ..steps import history
from .attach_interface import bind_port
from .plugging import replug_port, unplug_port


@step
async def unplug_failed(tx: Tx, port_id: str, entry: Entry, failure: Failure) -> None:
    """The server keeps it."""
    await history.ended(tx, entry, None, failure)


@step
async def mark_unplugged(tx: Tx, port_id: str, entry: Entry) -> None:
    """The port is free, or gone if it was made for the server."""
    await ports.release(tx, entry.server_id, port_id)
    await servers.change(tx, entry.server_id)
    await history.ended(tx, entry, None)


@workflow(resource="server_port", deadline=minutes(15), on_failure=unplug_failed)
async def detach_interface(wf: Workflow, port_id: str, entry: Entry) -> None:
    """Unplug it from the guest, then let it go."""
    bound = await wf.step(bind_port, port_id, entry.server_id)
    if bound.port is not None:
        await wf.step(unplug_port, entry.server_id, bound.home, bound.port, undo=replug_port)
    await wf.finish(mark_unplugged, port_id, entry)
