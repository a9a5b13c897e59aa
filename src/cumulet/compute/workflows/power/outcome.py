"""How starting, stopping and rebooting end."""

from __future__ import annotations

import msgspec

from ....kernel.db import Tx
from ....kernel.workflow import Failure, step
from ...model import ACTIVE, DELETING, ERROR, OFF, RUNNING, STOPPED, Entry, Fault
from ...store import servers
from ..lifecycle.delete_server import begin_delete_if_asked
from ..steps import history
from ..steps.home import known


@step
async def mark_running(tx: Tx, server_id: str, entry: Entry) -> None:
    """The guest runs."""
    await _settle(tx, server_id, entry, ACTIVE, RUNNING)


@step
async def mark_stopped(tx: Tx, server_id: str, entry: Entry) -> None:
    """The guest is off."""
    await _settle(tx, server_id, entry, STOPPED, OFF)


async def _settle(tx: Tx, server_id: str, entry: Entry, state: str, power: int) -> None:
    server = await known(tx, server_id)
    await servers.change(tx, server_id, state=state, task=None, power=power, fault=None, power_at=tx.stamp)
    await history.ended(tx, entry, server.host_name)


async def failed(tx: Tx, server_id: str, entry: Entry, failure: Failure) -> None:
    """It did not work. The state stays: what the host sees will correct it; a missing disk is an error that does not go away."""
    server = await servers.find(tx, server_id, None)
    if server is None:
        return
    fault = msgspec.to_builtins(Fault(500, failure.message, tx.stamp, failure.internal))
    state = ERROR if failure.code == "disk_missing" else server.state
    task = DELETING if server.task == DELETING else None
    await servers.change(tx, server_id, state=state, task=task, fault=fault, power_at=tx.stamp)
    await history.ended(tx, entry, server.host_name, failure)
    await begin_delete_if_asked(tx, server_id, failure)
